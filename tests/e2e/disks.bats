#!/usr/bin/env bats
# Disks of their own, and networks by name.
load helper

setup() {
	home_begin
	cd "$WORK" || return
}

teardown() {
	cd /
	home_end
}

said() {
	[[ $stderr == *"level=$1 msg=\"$2\""* ]] || { echo "not said: $2"; echo "$stderr"; return 1; }
}

@test "disk: create, list, resize, delete" {
	run -0 --separate-stderr limactl disk ls
	[[ $output =~ ^NAME\ +SIZE\ +FORMAT\ +DIR\ +IN-USE-BY$ ]]
	said warning 'No disk found. Run `limactl disk create DISK --size SIZE` to create a disk.'
	run -0 --separate-stderr limactl disk create d --size 10MiB
	said info 'Creating qcow2 disk `d` with size 10MiB'
	run -0 limactl disk create r --size 1M --format raw
	[ "$(qemu-img info --output=json "$LIMA_HOME/_disks/r/datadisk" | jq -r .format)" = raw ]
	run -1 --separate-stderr limactl disk create d --size 10MiB
	said fatal "disk \`d\` already exists (\`$LIMA_HOME/_disks/d\`)"
	run -0 --separate-stderr limactl disk list --json d
	[ "$output" = "{\"name\":\"d\",\"size\":10485760,\"format\":\"qcow2\",\"dir\":\"$LIMA_HOME/_disks/d\",\"instance\":\"\",\"instanceDir\":\"\",\"mountPoint\":\"/mnt/lima-d\"}" ]
	run -0 --separate-stderr limactl disk list --json nix
	[ -z "$output" ]
	said warning 'No disk matching nix found.'
	run -1 --separate-stderr limactl disk resize d --size 5MiB
	said fatal 'data-disk d: cannot change size: 10MiB -> 5MiB: Disk shrinking is currently unavailable'
	run -0 limactl disk resize d --size 20MiB
	[ "$(limactl disk ls --json d | jq .size)" = 20971520 ]
	run -1 --separate-stderr limactl disk resize nix --size 1M
	said fatal 'disk `nix` does not exists'
	run -0 --separate-stderr limactl disk rm d r nix
	said info "Deleted \`d\` (\`$LIMA_HOME/_disks/d\`)"
	said warning 'Ignoring non-existent disk `nix`'
	[ -z "$(ls -A "$LIMA_HOME/_disks")" ]
	[[ $(limactl plan) == *'Nothing to do'* ]]
}

@test "disk: who holds it, and who names it" {
	limactl disk create d --size 1M 2>/dev/null
	ln -s "$LIMA_HOME/foo" "$LIMA_HOME/_disks/d/in_use_by"
	[[ $(limactl disk ls | tail -n 1) =~ foo$ ]]
	run -1 --separate-stderr limactl disk delete d
	said fatal 'cannot delete disk `d` in use by instance `foo`'
	run -0 --separate-stderr limactl disk unlock d nix
	said info "Unlocked disk \`d\` (\`$LIMA_HOME/_disks/d\`)"
	run -0 --separate-stderr limactl disk unlock d
	said warning 'Ignoring unlocked disk `d`'
	cold_yaml >a.yaml
	mkdir -p "$LIMA_HOME/a"
	{ cat a.yaml; echo 'additionalDisks: [d]'; } >"$LIMA_HOME/a/lima.yaml"
	run -0 --separate-stderr limactl disk delete d
	[[ $stderr == *'Skipping deleting disk `d`, disk is referenced by one or more non-running instances: [`a`]'* ]]
	[ -e "$LIMA_HOME/_disks/d" ]
	run -0 limactl disk delete -f d
	[ ! -e "$LIMA_HOME/_disks/d" ]
}

@test "disk: a link to where there is more room" {
	limactl disk create d --size 1M 2>/dev/null
	mv "$LIMA_HOME/_disks/d/datadisk" "$WORK/big"
	ln -s "$WORK/big" "$LIMA_HOME/_disks/d/datadisk"
	[ "$(limactl disk ls --json d | jq .size)" = 1048576 ]
	run -0 limactl disk resize d --size 2M
	[ "$(qemu-img info --output=json big | jq '."virtual-size"')" = 2097152 ]
	run -0 limactl disk delete d
	[ -e big ]
}

@test "disk: import, and what is no disk" {
	qemu-img create -q -f qcow2 x.qcow2 3M
	run -0 --separate-stderr limactl disk import d x.qcow2
	said info 'Imported d with size 3MiB'
	cmp x.qcow2 "$LIMA_HOME/_disks/d/datadisk"
	qemu-img create -q -f vmdk x.vmdk 3M
	run -1 --separate-stderr limactl disk import e x.vmdk
	said fatal 'disk format `vmdk` not supported, use `qcow2` or `raw` instead'
	qemu-img create -q -f qcow2 -b x.qcow2 -F qcow2 y.qcow2
	run -1 limactl disk import e y.qcow2
	run -1 limactl disk import e nix
	run -1 --separate-stderr limactl disk create e --size 1M --format vdi
	said fatal 'disk format `vdi` not supported, use `qcow2` or `raw` instead'
	for name in ../x .x 'a b' a--b; do
		run -1 limactl disk create "$name" --size 1M
	done
	run -1 --separate-stderr limactl disk create e --size lots
	[[ $stderr == *"invalid size: 'lots'"* ]]
	[ "$(ls "$LIMA_HOME/_disks")" = d ]
}

@test "network: create, list, delete; comments stay" {
	[[ $(limactl network ls | head -n 1) =~ ^NAME\ +MODE\ +GATEWAY\ +INTERFACE$ ]]
	run -0 --separate-stderr limactl network create foo --gateway 192.168.42.1/24
	[ -z "$output$stderr" ]
	[ "$(limactl network ls --json foo)" = '{"name":"foo","mode":"user-v2","gateway":"192.168.42.1","netmask":"255.255.255.0"}' ]
	sed -i '1i # mine' "$LIMA_HOME/_config/networks.yaml"
	run -0 limactl network create br --mode bridged --interface en0
	[ "$(head -n 1 "$LIMA_HOME/_config/networks.yaml")" = '# mine' ]
	run -1 --separate-stderr limactl network create foo --gateway 192.168.42.1
	said fatal 'network `foo` already exists'
	run -1 --separate-stderr limactl network create x
	said fatal 'network mode `user-v2` requires specifying gateway'
	run -1 --separate-stderr limactl network create x --mode bridged
	said fatal 'network mode `bridged` requires specifying interface'
	run -1 --separate-stderr limactl network create x --gateway 127.0.0.1
	said fatal 'invalid IP address: 127.0.0.1'
	for bad in 1.2.3 1.2.3.4/99 ::1; do
		run -1 limactl network create x --gateway $bad
	done
	run -1 --separate-stderr limactl network delete ../foo
	[[ $stderr == *'../foo'* ]]
	# who names it is told, also by a lima.yaml that was never applied; --force passes over that
	mkdir "$LIMA_HOME/a"
	{ cold_yaml; echo 'networks: [{lima: foo}]'; } >"$LIMA_HOME/a/lima.yaml"
	run -1 --separate-stderr limactl network delete foo br
	said fatal 'network-entry `foo` is named by the instance a; `limactl network delete --force` deletes it all the same'
	[[ $(limactl network ls) == *foo* && $(limactl network ls) == *br* ]]
	run -0 --separate-stderr limactl network delete br br
	[ -z "$output$stderr" ]
	run -0 limactl network rm -f foo br nix
	[[ $(limactl history) == *'network delete br br'* ]]
	run -0 --separate-stderr limactl network ls foo
	said warning 'No network matching foo found.'
	# two at once both come to be, and no lock stays
	limactl network create one --gateway 192.168.61.1/24 3>&- &
	limactl network create two --gateway 192.168.62.1/24
	wait $!
	limactl network list one 2>&1 | grep "^one "
	limactl network list two 2>&1 | grep "^two "
	[ -z "$(find "$LIMA_HOME/_config" -name "*.lock")" ]
}

@test "snapshot: of a stopped instance, and back" {
	qemu-img create -q -f qcow2 image.qcow2 4M
	cold_yaml | sed "s|location: .*|location: $WORK/image.qcow2|" >a.yaml
	limactl create --tty=false a.yaml 2>/dev/null
	qemu-io -f qcow2 -c 'write -q -P 1 0 64k' "$LIMA_HOME/a/disk"
	run -0 --separate-stderr limactl snapshot create --tag one a
	[[ $stderr == *'`limactl snapshot` is experimental'* ]]
	qemu-io -f qcow2 -c 'write -q -P 2 0 64k' "$LIMA_HOME/a/disk"
	[ "$(limactl snapshot list -q a 2>/dev/null)" = one ]
	[[ $(limactl snapshot ls a 2>/dev/null) == *TAG*one* ]]
	run -0 limactl snapshot load --tag one a
	qemu-io -f qcow2 -c 'read -q -P 1 0 64k' "$LIMA_HOME/a/disk"
	run -0 limactl snapshot del --tag one a
	[ -z "$(limactl snapshot list -q a 2>/dev/null)" ]
	run -1 --separate-stderr limactl snapshot apply --tag nix a
	[ -n "$stderr" ]
	[[ $(limactl plan --stopped a) == *'Nothing to do'* ]]
	# a raw disk keeps none, and is not touched
	cold_yaml >b.yaml
	limactl create --tty=false b.yaml 2>/dev/null
	before=$(sha256sum <"$LIMA_HOME/b/disk")
	fails_with "b/disk: a raw disk has no snapshots, only qcow2 keeps them; \`limactl clone\` keeps a copy of the whole instance" snapshot create --tag one b
	[ -z "$(limactl snapshot list -q b 2>/dev/null)" ]
	[ "$(sha256sum <"$LIMA_HOME/b/disk")" = "$before" ]
}
