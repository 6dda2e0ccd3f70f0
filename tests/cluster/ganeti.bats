# A cluster of Ganeti on three nodes.
load helper
BED=ganeti

setup_file() { bed_begin; }
teardown_file() { bed_end; }

ask() { "$REPO/tests/cluster/ask" "$DIR" "$@"; }

@test "the cluster answers by its own name, with a certificate that is verified, to who has the password" {
	ask GET /2/info | jq -e '.name == "cluster.bed.test" and .enabled_hypervisors == ["kvm"]'
	ask GET '/2/nodes?bulk=1' | jq -e '[.[] | select(.offline == false) | .name] == ["node1.bed.test", "node2.bed.test", "node3.bed.test"]'
	run -22 on operator curl -sS --fail --cacert "$DIR/ca.pem" https://cluster.bed.test:5080/2/info
	run -60 on operator curl -sS --fail https://cluster.bed.test:5080/2/info
}

@test "nothing of it is on this host" {
	[ ! -e /var/lib/ganeti/config.data ]
	run ! getent passwd gnt-rapi
}
