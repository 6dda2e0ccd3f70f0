# The engine `ganeti` on a real cluster of three nodes, verb by verb (tests/cluster/drive.c): three machines of a fleet are placed, made, changed,
# stopped, lost with their node, and removed. The tests stand on each other, in their order.
load helper
BED=ganeti

setup_file() {
	bed_begin
	cp "$REPO/build/share/lima/guests/tiny-$(uname -m)/disk.qcow2" "$DIR/shared/tiny.qcow2"
	IMAGE=file:///srv/shared/tiny.qcow2 DIGEST=sha256:$(sha256sum <"$DIR/shared/tiny.qcow2" | cut -c1-64)
	export IMAGE DIGEST URL=https://cluster.bed.test:5080 CA=$DIR/ca.pem RAPI_USER=limactl
	RAPI_PASSWORD=$(cat "$DIR/password")
	export RAPI_PASSWORD
}
teardown_file() { bed_end; }

ask() { "$REPO/tests/cluster/ask" "$DIR" "$@"; }
drive() { on operator timeout 400 "$REPO/${B:-build}/tests/drive" "$@"; }
machine() { drive observe | grep "^machine $1 "; }

# What no node, log, queue or state may have.
WORD=open-sesame-4711

# The operator's limactl, with a home of his own: OPERATOR is one of two.
lima() { LIMA_HOME=$BATS_FILE_TMPDIR/home${OPERATOR:-1} on operator timeout 400 "$REPO/${B:-build}/bin/limactl" "$@"; }

yard() {
	cat >"$BATS_FILE_TMPDIR/yard.yaml" <<-END
		name: yard
		engine: {type: ganeti, url: "$URL", caFile: "$CA", auth: {userEnv: RAPI_USER, passwordEnv: RAPI_PASSWORD}}
		defaults:
		  cpus: 1
		  memory: ${1:-128}MiB
		  disk: 256MiB
		  images: [{location: "file:///srv/shared/tiny.qcow2", digest: "$DIGEST"}]
		  param: {WORD: "$WORD"}
		  provision:
		  - mode: system
		    script: |
		      #!/bin/sh
		      echo "$WORD \$PARAM_WORD" >/etc/told
		  probes:
		  - description: it was told
		    script: |
		      #!/bin/sh
		      grep -q . /etc/told
		instances:
		  y-{1..2}: {placement: {spread: true}}
	END
	echo "$BATS_FILE_TMPDIR/yard.yaml"
}

@test "what nodes need is brought to each by one command, told before, and what is there stays" {
	run ! on node1 ls /srv/ganeti/os/lima
	[[ "$(lima cluster setup --dry-run "$(yard)")" == *"+ os-definition node1.bed.test"*"+ os-definition node3.bed.test"*"Plan: 3 to create"* ]]
	run ! on node1 ls /srv/ganeti/os/lima
	lima cluster setup "$(yard)"
	for n in 1 2 3; do
		[ "$(on node$n sh -c 'cd /srv/ganeti/os && cat lima/* | sha256sum')" = "$(cat "$REPO"/guest/ganeti/lima/* | sha256sum)" ]
		[ "$(on node$n stat -c %a /srv/ganeti/os/lima/create /srv/ganeti/os/lima/common /var/cache/lima-images)" = 755$'\n'644$'\n'700 ]
	done
	[[ "$(on node1 gnt-os list --no-headers)" == *lima+default* ]]
	lima cluster setup "$(yard)" >"$BATS_TEST_TMPDIR/again" 2>&1
	run ! grep 'os-definition' "$BATS_TEST_TMPDIR/again"
	# one that somebody has edited, and one that was broken off
	on node2 sh -c 'echo exit 1 >>/srv/ganeti/os/lima/create'
	on node3 sh -c 'cd /srv/ganeti/os && mv lima .lima.old && mkdir .lima.new'
	run -0 lima cluster setup "$(yard)"
	[[ $output == *"+ os-definition node3.bed.test"*"Plan: 1 to create, 1 to change"* && $output != *"os-definition node1"* ]]
	[ "$(on node3 ls -A /srv/ganeti/os)" = lima ]
	sed 's/passwordEnv: RAPI_PASSWORD}/&, sshUser: nobody/' "$(yard)" >"$BATS_TEST_TMPDIR/shut.yaml"
	run ! lima cluster setup "$BATS_TEST_TMPDIR/shut.yaml"
	[[ $output == *"is not to be entered by ssh"*"Permission denied"* ]]
}

@test "the cluster answers by its own name, with a certificate that is verified, to who has the password" {
	ask GET /2/info | jq -e '.name == "cluster.bed.test" and .enabled_hypervisors == ["kvm"]'
	run -22 on operator curl -sS --fail --cacert "$DIR/ca.pem" https://cluster.bed.test:5080/2/info
	drive hello
	CA='' run ! drive hello
	[[ $output == *certificate* ]]
	RAPI_PASSWORD=wrong run ! drive hello
	[[ $output == *"does not take this user and password"* && $output != *wrong* ]]
	[ "$(drive observe)" = "node node1.bed.test answers"$'\n'"node node2.bed.test answers"$'\n'"node node3.bed.test answers" ]
	# and nothing of it is on this host
	[ ! -e /var/lib/ganeti/config.data ]
	run ! getent passwd gnt-rapi
}

@test "a dry run tells where machines would go, and makes nothing" {
	run -0 drive place a 128 b 128 c 128 huge 4000000
	[ "$(grep -c ' node[123]\.bed\.test$' <<<"$output")" -eq 3 ]
	[ "$(grep -v ^huge <<<"$output" | cut -d' ' -f2 | sort -u | wc -l)" -eq 3 ]
	[[ $output == *"huge no node that answers"* ]]
	[ "$(ask GET /2/instances)" = '[]' ]
}

@test "three machines are made; a job that was begun is found again by its key, and done once" {
	for n in 1 2 3; do
		NODE=node$n.bed.test drive submit run "m$n" "key-$n" 0 >"$BATS_TEST_TMPDIR/$n"
	done
	NODE=node3.bed.test run -0 drive do run m3 key-3 0
	[[ ${lines[0]} = "$(cat "$BATS_TEST_TMPDIR/3")" ]]
	for n in 1 2 3; do
		NODE=node$n.bed.test drive do run "m$n" "key-$n" 0
		[ "$(machine "m$n")" = "machine m$n on node$n.bed.test running fleet shop generation 1 key key-$n digest d by me@here" ]
	done
	[ "$(ask GET '/2/jobs?bulk=1' | jq '[.[] | select(.summary[0] | startswith("INSTANCE_CREATE(m")) | select(.status == "success")] | length')" -ge 3 ]
	[ "$(on node1 gnt-instance list --no-headers -o name | wc -l)" -eq 3 ]
	# the image is on each node that needed it, by its digest, and is the disk's beginning
	on node2 sh -c 'cd /var/cache/lima-images && sha256sum --check' <<<"${DIGEST#sha256:}  ${DIGEST#sha256:}"
	on node2 pgrep -f 'qemu-system.* -name m2' >/dev/null
}

@test "who rests on an older generation is told whose it is now, and changes nothing" {
	WANTED=other MEMORY=256 run -3 drive do run m1 other 0
	[[ $output == *"generation 1 by now, by me@here"* ]]
	FLEET=market run -1 drive do run m1 other 1
	[[ $output == *"of the fleet shop"* ]]
	[ "$(ask GET /2/instances/m1 | jq .beparams.maxmem)" -eq 128 ]
}

@test "more memory and disk, then stopped, by who comes next" {
	MEMORY=160 DISK=300 BY=you@there drive do run m1 key-11 1
	ask GET /2/instances/m1 | jq -e '.beparams.maxmem == 160 and .oper_ram == 160 and .["disk.sizes"] == [300]'
	[ "$(machine m1)" = "machine m1 on node1.bed.test running fleet shop generation 2 key key-11 digest d by you@there" ]
	ask GET /2/instances/m1/tags | jq -e 'sort == ["lima:2:by:you@there", "lima:2:digest:d", "lima:2:key:key-11", "lima:fleet:shop"]'
	MEMORY=160 DISK=300 drive do stop m1 key-12 2
	[[ $(machine m1) == *" stopped fleet shop generation 3 "* ]]
	# the same again does nothing, and has no job
	MEMORY=160 DISK=300 run -0 drive do stop m1 key-12 2
	[ "$output" = "job " ]
}

@test "an image of another digest is written nowhere" {
	DIGEST=sha256:$(printf '0%.0s' {1..64}) NODE=node1.bed.test run -1 drive do run bad key-bad 0
	[[ $output == *failed* ]]
	on node1 sh -c 'cat /var/log/ganeti/os/*bad*' | grep -q "wanted is sha256:000"
	on node1 sh -c 'ls /var/cache/lima-images' >"$BATS_TEST_TMPDIR/cache"
	run ! grep -E '\.part$|^0{64}$' "$BATS_TEST_TMPDIR/cache"
	drive do remove bad key-gone "$(machine bad | grep -q . && echo 1 || echo 0)"
}

@test "a node that does not answer is unknown; one that is called dead loses its machines to others" {
	bed kill "$DIR" node3
	run -0 drive observe
	[[ $output == *"node node3.bed.test does not answer"* && $output != *"machine m3"* ]]
	run -1 drive do run m3 key-31 1
	[[ $output == *"does not answer; if it is dead"* ]]
	on node1 gnt-node modify --offline yes --auto-promote node3.bed.test
	[[ $(machine m3) == *" broken fleet shop generation 1 "* ]]
	[ "$(drive observe | grep -c ^node)" -eq 2 ]
	drive do run m3 key-31 1
	[[ $(machine m3) =~ on\ node[12]\.bed\.test\ running\ fleet\ shop\ generation\ 2 ]]
	# the only one of that name that runs
	[ "$(for n in 1 2; do on node$n pgrep -f 'qemu-system.* -name m3' || true; done | wc -l)" -eq 1 ]
}

@test "removed is gone, also for who removes it again" {
	drive do remove m2 key-22 1
	drive do remove m2 key-22 1
	run ! machine m2
	[ ! -e "$DIR/shared/m2" ]
}

# All that goes over the network of the nodes, and over this host's end of it, until the file FILE.stop is there.
capture() {
	on operator timeout 3000 python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.settimeout(0.3)
with open(sys.argv[1], "wb") as f:
    f.write(b"begin\n")
    f.flush()
    while not os.path.exists(sys.argv[1] + ".stop"):
        try:
            f.write(s.recv(1 << 17))
        except TimeoutError:
            pass
open(sys.argv[1] + ".done", "w").close()' "$1" 3>&- &
	timeout 60 bash -c 'until [ -s "$1" ]; do sleep 0.1; done' _ "$1"
}

@test "a fleet is planned and applied; killed in the middle, it is applied again and nothing is made twice" {
	since=$(ask GET '/2/jobs?bulk=1' | jq '[.[].id] | max')
	made() { ask GET '/2/jobs?bulk=1' | jq -c --argjson since "$since" "[.[] | select(.id > \$since and (.summary[0] | startswith(\"INSTANCE_CREATE(y-$1\")) and .ops[0].dry_run != true) | .status] | sort"; }
	capture "$BATS_FILE_TMPDIR/packets"
	run -0 lima plan "$(yard)"
	[[ $output == *"+ remote    y-1"*"+ remote    y-2"* ]]
	lima apply "$(yard)" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
	applying=$!
	for _ in {1..300}; do [ "$(made 1)" = '[]' ] || break; sleep 0.2; done
	[ "$(made 1)" != '[]' ]
	on operator pkill -KILL -f "$BATS_FILE_TMPDIR/[y]ard.yaml"
	wait "$applying" || true
	lima apply "$(yard)"
	run -0 lima plan --detailed-exitcode "$(yard)"
	[[ $output == *"Nothing to do: 2 instances are as wanted."* ]]
	[ "$(made '' | grep -o success | wc -l)" -eq 2 ]
	# one on each of the two nodes that are left
	[ "$(drive observe | grep 'fleet yard' | cut -d' ' -f4 | sort -u | wc -l)" -eq 2 ]
	: >"$BATS_FILE_TMPDIR/packets.stop"
	timeout 60 bash -c 'until [ -e "$1" ]; do sleep 0.1; done' _ "$BATS_FILE_TMPDIR/packets.done"
	# what was asked of the cluster is in there, and nothing that is a secret
	[ "$(stat -c %s "$BATS_FILE_TMPDIR/packets")" -gt 50000 ]
	run ! grep -aFe "$RAPI_PASSWORD" -e "$WORD" -e H4sIAAAA "$BATS_FILE_TMPDIR/packets"
}

@test "who applied it logs in by name, and knows the guest by the key that it was given" {
	[ "$(lima shell y-1 hostname)" = lima-y-1 ]
	[ "$(lima shell y-2 sudo cat /etc/told)" = "$WORD $WORD" ]
	run -7 lima shell y-2 sh -c 'exit 7'
	[ "$(lima exec y-1 y-2 -- hostname | sort)" = "y-1 | lima-y-1"$'\n'"y-2 | lima-y-2" ]
	echo hello >"$BATS_TEST_TMPDIR/hello"
	lima copy "$BATS_TEST_TMPDIR/hello" y-1:/tmp/hello
	lima copy y-1:/tmp/hello "$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/hello" "$BATS_TEST_TMPDIR/back"
	# another one at that address is not believed
	known=$BATS_FILE_TMPDIR/home1/_engines/y-1.guest/ssh_known_hosts
	[ "$(cut -d' ' -f1,2 "$known")" = '* ssh-ed25519' ]
	key=$(ask GET /2/instances/y-1/tags | jq -r '.[] | select(startswith("lima:hostkey:"))')
	other=$(ask GET /2/instances/y-2/tags | jq -r '.[] | select(startswith("lima:hostkey:"))')
	[ "$key" != "$other" ]
	on node1 gnt-instance remove-tags y-1 "$key"
	on node1 gnt-instance add-tags y-1 "$other"
	run -255 lima shell y-1 true
	[[ $output == *"Host key verification failed"* ]]
	on node1 gnt-instance remove-tags y-1 "$other"
	on node1 gnt-instance add-tags y-1 "$key"
	[ "$(lima shell y-1 hostname)" = lima-y-1 ]
}

@test "stopped and started by name; what cannot be is refused, and a snapshot's delete is no machine's" {
	lima stop y-1
	[[ "$(lima list)" =~ y-1\ +Stopped.*node[12]\.bed\.test ]]
	lima start y-1
	[ "$(lima shell y-1 sudo cat /etc/told)" = "$WORD $WORD" ]
	lima plan --detailed-exitcode "$(yard)"
	run ! lima snapshot delete y-1 --tag x
	[[ $output == *"where no limactl is"* ]]
	run ! lima restart y-1
	run ! lima delete y-1
	[[ $output == *"runs on"*"stop it first"* ]]
	[[ "$(lima list)" =~ y-1\ +Running ]]
	# what only a new guest is told is no change of an old one
	sed '/echo/s/echo/echo more/' "$(yard)" >"$BATS_FILE_TMPDIR/more.yaml"
	run -1 lima plan "$BATS_FILE_TMPDIR/more.yaml"
	[[ $output == *"are told to a new guest only"* ]]
}

@test "a member goes to the node that its file names, as it runs; and where it is, it stays" {
	at=$(ask GET /2/instances/y-1 | jq -r .pnode)
	to=node1.bed.test
	[ "$at" != "$to" ] || to=node2.bed.test
	boot=$(lima shell y-1 cat /proc/sys/kernel/random/boot_id)
	sed "s/^  y-{1..2}: .*/  y-1: {placement: {host: $to}}\n  y-2: {}/" "$(yard)" >"$BATS_FILE_TMPDIR/move.yaml"
	run -2 lima plan --detailed-exitcode "$BATS_FILE_TMPDIR/move.yaml"
	[[ $output == *"~ remote    y-1"*"node: $at -> $to"*"Plan: 1 to change"* ]]
	lima apply "$BATS_FILE_TMPDIR/move.yaml"
	[ "$(ask GET /2/instances/y-1 | jq -r .pnode)" = "$to" ]
	[ "$(lima shell y-1 cat /proc/sys/kernel/random/boot_id)" = "$boot" ]
	[ "$(for n in 1 2; do on node$n pgrep -f 'qemu-system.* -name y-1' || true; done | wc -l)" -eq 1 ]
	lima plan --detailed-exitcode "$BATS_FILE_TMPDIR/move.yaml"
	lima plan --detailed-exitcode "$(yard)"
}

@test "a node that lets nobody in is told at once, and the next apply looks again" {
	sed 's/y-{1..2}: .*/y-{1..2}: {placement: {spread: true}}\n  z: {placement: {host: node1.bed.test}}/; s/passwordEnv: RAPI_PASSWORD}/&, sshUser: nobody/' "$(yard)" >"$BATS_FILE_TMPDIR/shut.yaml"
	run ! lima apply "$BATS_FILE_TMPDIR/shut.yaml"
	[[ $output == *"does not let us in, so nobody sees when it is ready"*"Permission denied"* ]]
	sed 's/, sshUser: nobody//' "$BATS_FILE_TMPDIR/shut.yaml" >"$BATS_FILE_TMPDIR/open.yaml"
	run -2 lima plan --detailed-exitcode "$BATS_FILE_TMPDIR/open.yaml"
	[[ $output == *"starting -> running"* ]]
	lima apply "$BATS_FILE_TMPDIR/open.yaml"
	lima delete --force z
	[[ "$(lima list)" != *" z "* && ! -e $BATS_FILE_TMPDIR/home1/_engines/z.guest ]]
}

@test "of two operators the later one is told what moved" {
	OPERATOR=2 run -0 lima plan --out "$BATS_FILE_TMPDIR/later" "$(yard 160)"
	lima apply "$(yard 192)"
	OPERATOR=2 run ! lima apply "$BATS_FILE_TMPDIR/later"
	[ "$(ask GET /2/instances/y-1 | jq .beparams.maxmem)" -eq 192 ]
	# and he finds all of it by the tags alone
	OPERATOR=2 run -0 lima plan --detailed-exitcode "$(yard 192)"
}

@test "an image without a digest, or of this host, is an error of the plan with its line" {
	sed '/digest/s|images:.*|images: [{location: "file:///srv/shared/tiny.qcow2"}]|' "$(yard)" >"$BATS_FILE_TMPDIR/bare.yaml"
	run ! lima plan "$BATS_FILE_TMPDIR/bare.yaml"
	[[ $output == *"bare.yaml:$(grep -n '^  y-' "$BATS_FILE_TMPDIR/bare.yaml" | cut -d: -f1):3: instances.y-"*"a URL and a \`digest\`"* ]]
}

@test "what the fleet made goes with it, and the other one stays" {
	lima apply --destroy --yes --allow-data-loss "$(yard)"
	run -0 drive observe
	[[ $output != *"fleet yard"* && $output == *"fleet shop"* ]]
}

@test "no file of a node, log or queue has the password, or what guests were told" {
	[ -s "$BATS_FILE_TMPDIR/yard.yaml" ]
	for n in 1 2; do
		run ! on node$n grep -rlF "$RAPI_PASSWORD" /var/log /etc
		# neither a script's words nor the volume: an archive of gzip in base64 begins so
		run ! on node$n grep -rlFe "$WORD" -e H4sIAAAA /var/log /etc /var/lib /var/cache /run /tmp /srv/ganeti
		[ "$(on node$n grep -rlF "$RAPI_PASSWORD" /var/lib/ganeti | grep -vxc /var/lib/ganeti/rapi/users)" -eq 0 ]
	done
	[ -d "$BATS_FILE_TMPDIR/home1" ]
	run ! grep -rF -e "$RAPI_PASSWORD" -e "$WORD" "$BATS_FILE_TMPDIR"/home*
}
