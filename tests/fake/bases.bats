# Disks of one image that share its bytes: bases, who stands on them, and how long they last. No file system here has reflinks, but for
# the last test, which looks for one that has.
load helper

setup() {
	home_begin
	cd "$WORK"
	qemu-img create -q -f qcow2 img.qcow2 8M
	qemu-io -f qcow2 -c 'write -q -P 7 0 1M' img.qcow2
	{
		sed "s|raw.img|img.qcow2|; s/^disk:.*/disk: 16MiB/" <(fake_yaml)
	} >one.yaml
	fleet 3
}

teardown() { home_end; }

# fleet N [KEY: VALUE...]: of so many members
fleet() {
	printf 'name: bench\ndefaults: {base: %s/one.yaml%s}\ninstances: {"m-{1..%d}": {}}\n' "$WORK" "${2:+, $2}" "$1" >fleet.yaml
}

inode() { stat -c %i "$1"; }
bases() { find "$LIMA_HOME/_bases" -name base 2>/dev/null | wc -l; }
reads() { qemu-io -r -U -f qcow2 -c 'read -P 7 0 1M' "$LIMA_HOME/$1/disk" | grep -q 'read 1048576/1048576'; }
backing() { qemu-img info -U --output=json "$LIMA_HOME/$1/disk" | jq -r '."backing-filename" // "none"'; }

@test "members of a fleet stand on one base, which goes with the last of them" {
	run -0 --separate-stderr limactl plan
	[[ $output == *$'\nm-1, m-2, m-3: the disks share 1.'*"MiB of $WORK/img.qcow2, which is kept once (\`diskMode\`)."* ]]
	run -0 --separate-stderr limactl plan --json
	jq -e '.disks["m-2"] | .how == "shared" and .bytes > 1000000' <<<"$output"
	run -0 --separate-stderr limactl plan --json one.yaml
	jq -e '.disks.one | .how == "copy" and .bytes > 1000000' <<<"$output"
	limactl apply
	[ "$(bases)" = 1 ]
	for n in m-1 m-2 m-3; do
		[ "$(backing $n)" = basedisk ]
		[ "$(inode "$LIMA_HOME/$n/basedisk")" = "$(inode "$LIMA_HOME"/_bases/*/base)" ]
		reads $n
	done
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
	# also without a database
	rm -rf "$LIMA_HOME/_state"
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
	limactl delete -f m-1 m-2
	[ "$(bases)" = 1 ]
	limactl prune
	[ "$(bases)" = 1 ]
	reads m-3
	limactl apply --destroy --allow-data-loss
	[ "$(bases)" = 0 ]
}

@test "diskMode: overlay and copy, of a member and of any other; what is there stays as it is" {
	limactl create one.yaml
	[ "$(backing one)" = none ]
	[ "$(bases)" = 0 ]
	limactl create --name two --set '.diskMode="overlay"' one.yaml
	[ "$(backing two)" = basedisk ]
	[ "$(bases)" = 1 ]
	fleet 1 'diskMode: copy'
	limactl apply
	[ "$(backing m-1)" = none ]
	fails_with "diskMode: must be \`auto\`, \`overlay\` or \`copy\`, got \`link\`" create --name x --set '.diskMode="link"' one.yaml
	# one that is there is neither flattened nor given a base
	limactl apply --stopped --set '.diskMode="overlay"' one
	limactl apply --stopped --set '.diskMode="copy"' two
	[ "$(backing one)" = none ]
	[ "$(backing two)" = basedisk ]
	reads two
	limactl delete two
	[ "$(bases)" = 0 ]
	# a factory-reset makes it in the way that it has now
	limactl factory-reset one
	limactl start one
	[ "$(backing one)" = basedisk ]
	reads one
}

@test "clone and rename take along what the disk stands on; the first may go" {
	limactl create --name a --set '.diskMode="overlay"' one.yaml
	limactl clone a b
	[ "$(inode "$LIMA_HOME/a/basedisk")" = "$(inode "$LIMA_HOME/b/basedisk")" ]
	limactl rename a c
	limactl delete c
	[ "$(bases)" = 1 ]
	reads b
	limactl start b
	limactl stop b
	limactl delete b
	[ "$(bases)" = 0 ]
	# as Colima clones: a copy of the folder is whole by itself
	limactl create --name d --set '.diskMode="overlay"' one.yaml
	cp -r "$LIMA_HOME/d" "$LIMA_HOME/e"
	limactl delete d
	reads e
}

@test "the folder of bases is taken away by hand: nobody loses a byte, and the next one is made anew" {
	limactl apply
	rm -rf "$LIMA_HOME/_bases"
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
	reads m-2
	fleet 4
	limactl apply
	[ "$(bases)" = 1 ]
	reads m-4
}

@test "an image that is another one now makes another base, and those on the old one keep it" {
	limactl apply
	qemu-io -f qcow2 -c 'write -q -P 9 0 1M' img.qcow2
	fleet 4
	limactl apply
	reads m-1
	qemu-io -r -U -f qcow2 -c 'read -P 9 0 1M' "$LIMA_HOME/m-4/disk" | grep -q 'read 1048576/1048576'
}

@test "packed, and of a format that is converted: once, whatever the number of users" {
	qemu-img convert -f qcow2 -O vmdk img.qcow2 img.vmdk
	gzip -c img.vmdk >img.vmdk.gz
	sed -i 's|img.qcow2|img.vmdk.gz|' one.yaml
	fleet 8
	limactl --log-format json apply 2>err
	[ "$(jq -s '[.[] | select(.type == "base" and .action == "done")] | length' err)" = 1 ]
	[ "$(bases)" = 1 ]
	for n in {1..8}; do reads "m-$n"; done
}

@test "two limactl at once, of two fleets on one image: it is fetched once, and there is one base" {
	mkdir served
	cp img.qcow2 served/
	python3 - "$WORK/served" >port 2>hits 3>&- <<-'EOF' &
		import functools, http.server, sys
		s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1]))
		print(s.server_port, flush=True)
		s.serve_forever()
	EOF
	server=$!
	timeout 10 sh -c 'until [ -s port ]; do sleep 0.1; done'
	sed -i "s|location: .*|location: http://127.0.0.1:$(cat port)/img.qcow2|" one.yaml
	fleet 8
	mkdir other
	sed 's/bench/other/; s/m-{/o-{/' fleet.yaml >other/fleet.yaml
	"$BIN/limactl" apply >/dev/null 2>err.1 3>&- &
	one=$!
	"$BIN/limactl" apply other >/dev/null 2>err.2 3>&- &
	two=$!
	wait $one && wait $two
	[ "$(grep -c '"GET /img.qcow2 HTTP/1.1" 200' hits)" = 1 ] || { cat hits; false; }
	kill $server
	[ "$(bases)" = 1 ]
	for n in {1..8}; do
		[ "$(inode "$LIMA_HOME/m-$n/basedisk")" = "$(inode "$LIMA_HOME/o-$n/basedisk")" ]
	done
	limactl apply --destroy --allow-data-loss
	[ "$(bases)" = 1 ]
	reads o-8
}

@test "killed between base and disk: the next apply goes on, and delete leaves nothing" {
	for at in 2 3 4 5 6 7 8 9 10 11 12; do
		LIMACTL_TEST_KILL_AT=$at limactl apply --stopped >/dev/null 2>&1 || true
	done
	limactl apply
	for n in m-1 m-2 m-3; do reads $n; done
	limactl apply --destroy --allow-data-loss
	[ "$(bases)" = 0 ]
	[ -z "$(limactl list -q)" ]
}

@test "what an image would have the host open besides is refused, as for a copy" {
	echo secret >secret
	qemu-img create -q -f qcow2 -F raw -b "$WORK/secret" bad.qcow2
	sed -i 's|img.qcow2|bad.qcow2|' one.yaml
	run limactl apply
	[ "$status" -eq 1 ]
	[[ $output == *"backing file"* ]]
	[ "$(bases)" = 0 ]
	# a base that somebody has put another one in the place of is no base of ours
	sed -i 's|bad.qcow2|img.qcow2|' one.yaml
	limactl apply --stopped
	rm "$LIMA_HOME/m-1/basedisk"
	ln -s "$WORK/secret" "$LIMA_HOME/m-1/basedisk"
	run limactl start m-1
	[ "$status" -eq 1 ]
	[[ $output == *"backing file"* ]]
}

@test "where the file system has reflinks, a disk is one, and stands on nothing" {
	local mounted=
	truncate -s 400M fs.img
	mkdir fs
	if mkfs.xfs -q -m reflink=1 fs.img && mount -o loop fs.img fs 2>/dev/null; then
		mounted=1
	fi
	# Where nobody may mount one there is only the other way, which is tried here once more.
	export LIMA_HOME=$WORK/fs/h
	limactl apply
	if [ -n "$mounted" ]; then
		[ "$(backing m-1)" = none ]
		[ ! -e "$LIMA_HOME/m-1/basedisk" ]
		filefrag -v "$LIMA_HOME/m-1/disk" | grep -q shared
	else
		[ "$(backing m-1)" = basedisk ]
	fi
	reads m-1
	limactl apply --destroy --allow-data-loss
	[ "$(bases)" = 0 ]
	[ -z "$mounted" ] || umount fs
}
