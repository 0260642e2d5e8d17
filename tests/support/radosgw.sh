#!/bin/sh
# A throw-away S3 server that really verifies SigV4: one node of Ceph's radosgw on loopback, its
# data in memory. Debian packages: radosgw ceph-mon ceph-osd.
#   radosgw.sh start DIR PORT     12 s, 100 MB; PORT and the two ports after it must be free
#   radosgw.sh stop DIR
# User AKIDEXAMPLE / wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY; role arn:aws:iam:::role/eidcache
# for sts:AssumeRole.
set -eu

access_key=AKIDEXAMPLE
secret_key=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY

usage() {
    echo "usage: radosgw.sh start DIR PORT | stop DIR" >&2
    exit 2
}

# The daemons go to the background by themselves; their pid files say what to stop. In this order,
# because each waits for the one after it; there is nothing on disk to lose.
stop() {
    for name in client.rgw osd.0 mon.a; do
        [ -s "$dir/run/$name.pid" ] || continue
        kill -KILL "$(cat "$dir/run/$name.pid")" 2>/dev/null || :
    done
}

write_config() {
    cat >"$dir/ceph.conf" <<END
[global]
fsid = $fsid
mon host = $mon
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
ms mon service mode = crc
ms mon cluster mode = crc
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
run dir = $dir/run
admin socket = $dir/run/\$name.\$pid.asok
log file = $dir/log/\$name.log
pid file = $dir/run/\$name.pid
[mon.a]
mon data = $dir/mon
mon initial members = a
mon cluster log file = $dir/log/cluster.log
[osd.0]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd class load list = *
osd class default list = *
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $dir/rgw
rgw dns name = localhost
rgw sts key = abcdefghijklmnop
rgw s3 auth use sts = true
rgw thread pool size = 32
END
}

start_cluster() {
    uuid=$(cat /proc/sys/kernel/random/uuid)
    monmaptool --create --addv a "$mon" --fsid "$fsid" "$dir/monmap" >/dev/null
    ceph-mon -c "$dir/ceph.conf" --mkfs -i a --monmap "$dir/monmap"
    ceph-mon -c "$dir/ceph.conf" -i a
    ceph -c "$dir/ceph.conf" osd new "$uuid" >/dev/null
    ceph-osd -c "$dir/ceph.conf" -i 0 --mkfs --osd-uuid "$uuid" >/dev/null 2>&1
    ceph-osd -c "$dir/ceph.conf" -i 0 >/dev/null 2>&1
}

admin() {
    radosgw-admin -c "$dir/ceph.conf" -n client.rgw "$@" >/dev/null 2>>"$dir/log/admin.log"
}

make_users() {
    admin user create --uid=probe --display-name=probe \
        --access-key="$access_key" --secret="$secret_key"
    admin role create --role-name=eidcache --path=/ --assume-role-policy-doc='{
        "Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Principal":{"AWS":["arn:aws:iam:::user/probe"]},"Action":["sts:AssumeRole"]}]}'
    admin role-policy put --role-name=eidcache --policy-name=s3 --policy-doc='{
        "Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Action":["s3:*"],"Resource":"arn:aws:s3:::*"}]}'
}

wait_for_port() {
    tries=150
    while [ "$tries" -gt 0 ]; do
        if /usr/bin/python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" \
            2>/dev/null; then
            return 0
        fi
        tries=$((tries - 1))
        sleep 0.2
    done
    echo "radosgw did not open port $port; see $dir/log" >&2
    return 1
}

[ $# -ge 2 ] || usage
dir=$(readlink -m "$2")
case $1 in
stop)
    stop
    exit 0
    ;;
start) [ $# -eq 3 ] || usage ;;
*) usage ;;
esac
port=$3
mon="[v2:127.0.0.1:$((port + 1)),v1:127.0.0.1:$((port + 2))]"
fsid=$(cat /proc/sys/kernel/random/uuid)
if [ -e "$dir/ceph.conf" ]; then
    echo "$dir is in use" >&2
    exit 1
fi
for sub in mon osd rgw run log; do
    mkdir -p "$dir/$sub"
done
trap 'stop' EXIT
write_config
start_cluster
make_users
radosgw -c "$dir/ceph.conf" -n client.rgw
wait_for_port
trap - EXIT
echo "S3 on http://127.0.0.1:$port"
