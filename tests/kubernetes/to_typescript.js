// Reads manifests (YAML) on standard input and writes TypeScript that makes each of them by its kind's
// own type: the compiler then finds unknown fields and wrong types. Kinds that Kubernetes itself does
// not have are left out; they are named on standard error.
const yaml = require("js-yaml");
const fs = require("fs");

const documents = yaml.loadAll(fs.readFileSync(0, "utf8")).filter((document) => document);
documents.forEach(({ apiVersion, kind, ...rest }, index) => {
  const group = apiVersion.replace(/\.k8s\.io/, ".k8s.io");
  if (group.includes("monitoring.coreos.com")) {
    console.error(kind);
    return;
  }
  console.log(`import { ${kind} as Kind${index} } from "kubernetes-models/${group}/${kind}";`);
  console.log(`new Kind${index}(${JSON.stringify(rest, null, 1)});`);
});
