#!/usr/bin/env bats
# Disks that are not what they seem: of older versions, of other hands, and of guests that write what they like. None
# of these boots: what is opened is seen from the words that QEMU gets, and from who is refused.
load helper

setup() {
	home_begin
	cd "$WORK" || return
	echo 'not for guests' >secret
}

teardown() {
	cd /
	home_end
}

# a stopped instance a with a raw disk, as a guest leaves it that wrote a qcow2 header which names a file of the host
raw_instance() {
	cold_yaml >a.yaml
	limactl create --tty=false a.yaml 2>/dev/null
	[ "$(head -c 3 "$LIMA_HOME/a/disk.format")" = raw ]
	touch "$LIMA_HOME/a/ha.stderr.log"
	forge "$LIMA_HOME/a/disk"
}

# the first bytes of FILE become those of a qcow2 that stands on the secret; its size stays
forge() {
	qemu-img create -q -f qcow2 -u -F raw -b "$WORK/secret" forged.qcow2 4M
	dd if=forged.qcow2 of="$1" conv=notrunc status=none
	rm forged.qcow2
}

lose_database() { rm -rf "$LIMA_HOME/_state"; }

# DIR: as upstream up to 2.0 left an instance: lima.yaml, basedisk, and diffdisk on it by the name BASE
legacy_instance() {
	mkdir -p "$LIMA_HOME/$1"
	cold_yaml >"$LIMA_HOME/$1/lima.yaml"
	echo 2.0.3 >"$LIMA_HOME/$1/lima-version"
	qemu-img create -q -f qcow2 "$LIMA_HOME/$1/basedisk" 2M
	qemu-io -f qcow2 -c 'write -q -P 7 0 64k' "$LIMA_HOME/$1/basedisk"
	qemu-img create -q -f qcow2 -F qcow2 -u -b "${2-$LIMA_HOME/$1/basedisk}" "$LIMA_HOME/$1/diffdisk" 4M
	touch "$LIMA_HOME/$1/ha.stderr.log"
}

@test "a raw disk stays raw, whatever the guest makes of its header and whatever is lost" {
	raw_instance
	lose_database
	run -0 limactl plan --stopped a
	[[ $output == *'Nothing to do'* ]]
	lose_database
	run -0 limactl apply --stopped --set '.disk="8MiB"' a
	[ "$(cat "$LIMA_HOME/a/disk.format")" = 'raw 8388608 8388608' ]
	[ "$(stat -c %s "$LIMA_HOME/a/disk")" = 8388608 ]
	fails_with 'a raw disk has no snapshots' snapshot create --tag x a
	limactl clone --tty=false a b 2>/dev/null
	[ "$(cut -d' ' -f1 "$LIMA_HOME/b/disk.format")" = raw ]
	limactl rename --tty=false b c 2>/dev/null
	lose_database
	run -0 limactl plan --stopped c
	[[ $output == *'Nothing to do'* ]]
	fails_with 'raw' disk import d "$LIMA_HOME/a/nix" || true
	limactl disk import d "$LIMA_HOME/a/disk" 2>/dev/null
	[ "$(limactl disk ls --json d | jq -r .format)" = raw ]
	limactl delete -f a
	[ ! -e "$LIMA_HOME/a" ]
}

@test "nor is it where another hypervisor had the disk as raw; but QEMU without a format lets no guest write one" {
	raw_instance
	rm "$LIMA_HOME/a/disk.format" "$LIMA_HOME/a"/{applied.json,launch.json,launch.facts} 2>/dev/null || true
	lose_database
	touch "$LIMA_HOME/a/ha.stderr.log" "$LIMA_HOME/a/vz-identifier"
	fails_with 'could have made it so' plan --stopped a
	# then the header counts, and what it names is refused
	rm "$LIMA_HOME/a/vz-identifier"
	run ! limactl plan --stopped a
	[[ $output != *'could have made it so'* ]]
	[[ $output == *'secret'* || $output == *'backing'* ]]
}

@test "a header is no evidence where a guest of ours has been" {
	raw_instance
	rm "$LIMA_HOME/a/disk.format"
	lose_database
	fails_with 'a guest that had it as raw could have made it so' plan --stopped a
	fails_with 'could have made it so' clone --tty=false a b
	[ ! -e "$LIMA_HOME/b" ]
	fails_with 'could have made it so' snapshot list a
	# the way out that it names, and the words of the last start, if they are there
	echo '{"version":1,"name":"a","dir":"'"$LIMA_HOME/a"'","qemu":{"argv":["/bin/qemu","-drive","file='"$LIMA_HOME/a/disk"',format=raw,x=y"],"pidfile":"/x","qmpSocket":"/x"},"ssh":{"port":1},"guest":{}}' >"$LIMA_HOME/a/launch.json"
	run -0 limactl plan --stopped a
	rm "$LIMA_HOME/a/launch.json"
	lose_database
	echo raw >"$LIMA_HOME/a/disk.format"
	run -0 limactl plan --stopped a
	rm "$LIMA_HOME/a/disk.format"
	lose_database
	run -0 limactl delete -f a
	[ ! -e "$LIMA_HOME/a" ]
}

@test "disks of their own keep their format beside them" {
	limactl disk create d --size 4M --format raw 2>/dev/null
	forge "$LIMA_HOME/_disks/d/datadisk"
	lose_database
	[ "$(limactl disk ls --json d | jq -c '[.format,.size]')" = '["raw",4194304]' ]
	run -0 limactl disk resize d --size 8M
	[ "$(stat -c %s "$LIMA_HOME/_disks/d/datadisk")" = 8388608 ]
	run -0 limactl disk import e "$LIMA_HOME/_disks/d/datadisk"
	[ "$(limactl disk ls --json e | jq -r .format)" = raw ]
	limactl disk delete d e 2>/dev/null
	limactl disk create q --size 4M 2>/dev/null
	qemu-img rebase -u -F raw -b "$WORK/secret" "$LIMA_HOME/_disks/q/datadisk"
	fails_with 'with a backing file' disk resize q --size 8M
	run -0 limactl disk delete q
	[ ! -e "$LIMA_HOME/_disks/q" ]
}

@test "an instance of Lima up to 2.0 is run as it is" {
	local name
	legacy_instance a
	legacy_instance b basedisk
	for name in a b; do
		run -0 limactl apply --stopped "$name"
		[[ $(limactl plan --stopped "$name") == *'Nothing to do'* ]]
		run -0 limactl apply --stopped --set '.disk="8MiB"' "$name"
		qemu-io -f qcow2 -c 'read -q -P 7 0 64k' "$LIMA_HOME/$name/diffdisk"
		[ "$(qemu-img info --output=json "$LIMA_HOME/$name/diffdisk" | jq '."virtual-size"')" = 8388608 ]
		run -0 limactl snapshot create --tag one "$name"
		# the one that was kept before the disk grew is not among the user's own
		[ "$(limactl snapshot list -q "$name" 2>/dev/null)" = one ]
		[ "$(limactl snapshot list "$name" 2>/dev/null | wc -l)" = 2 ]
		fails_with 'a tag that begins with `.generation-` is of what `limactl apply --undo` goes back to' snapshot create --tag .generation-1 "$name"
		fails_with 'take another tag' snapshot delete --tag .generation-1 "$name"
		run -0 limactl snapshot apply --tag one "$name"
	done
	run -0 limactl clone --tty=false a c
	[ "$(qemu-img info --output=json -U "$LIMA_HOME/c/diffdisk" | jq -r '."backing-filename"')" = basedisk ]
	[[ $(limactl plan --stopped c) == *'Nothing to do'* ]]
	run -0 limactl rename --tty=false c d
	[[ $(limactl plan --stopped d) == *'Nothing to do'* ]]
	run -0 limactl factory-reset a
	[ -e "$LIMA_HOME/a/lima.yaml" ]
	[ ! -e "$LIMA_HOME/a/basedisk" ]
	run -0 limactl delete -f a b d
	[ -z "$(find "$LIMA_HOME" -name '*disk*')" ]
}

@test "a disk of such an instance stands on its own base and nothing else" {
	legacy_instance a "$WORK/secret"
	fails_with 'could be any file of this host' plan --stopped a
	run -0 limactl delete -f a
	[ ! -e "$LIMA_HOME/a" ]
	legacy_instance b
	rm "$LIMA_HOME/b/basedisk"
	ln -s "$WORK/secret" "$LIMA_HOME/b/basedisk"
	fails_with 'it could be any file of this host' plan --stopped b
	run -0 limactl delete -f b
	[ -e secret ]
	legacy_instance c
	qemu-img rebase -u -F raw -b "$WORK/secret" "$LIMA_HOME/c/basedisk"
	fails_with 'it could be any file of this host' plan --stopped c
	run -0 limactl delete -f c
	# the base of another folder is not opened: the disk is told to stand on its own
	legacy_instance d
	legacy_instance e "$LIMA_HOME/d/basedisk"
	run -0 limactl plan --stopped e
	[[ $output == *"stands on: $LIMA_HOME/d/basedisk -> basedisk"* ]]
	run -0 limactl apply --stopped e
	[ "$(qemu-img info --output=json -U "$LIMA_HOME/e/diffdisk" | jq -r '."backing-filename"')" = basedisk ]
}

@test "a disk that is not understood, and so not opened, makes place for a new one" {
	legacy_instance a "$WORK/secret"
	legacy_instance b
	truncate -s 100 "$LIMA_HOME/b/diffdisk"
	legacy_instance c
	rm "$LIMA_HOME/c/basedisk"
	legacy_instance d
	rm "$LIMA_HOME/d/diffdisk"
	mkdir "$LIMA_HOME/d/diffdisk"
	for name in a b c d; do
		run ! limactl plan --stopped "$name"
		run -0 limactl factory-reset "$name"
		[ ! -e "$LIMA_HOME/$name/diffdisk" ] && [ ! -e "$LIMA_HOME/$name/basedisk" ]
		run -0 limactl apply --stopped "$name"
		[[ $(limactl plan --stopped "$name") == *'Nothing to do'* ]]
		run -0 limactl delete -f "$name"
	done
	[ -e secret ]
}

@test "a disk that somebody else grew is told, and no reason to refuse" {
	cold_yaml >a.yaml
	limactl create --tty=false a.yaml 2>/dev/null
	truncate -s 12M "$LIMA_HOME/a/disk"
	run -0 limactl plan --stopped a
	[[ $output == *'grown: from 4MiB to 12MiB by somebody else -> kept'* ]]
	lose_database
	run -0 limactl plan --stopped a
	[[ $output == *'grown: from 4MiB to 12MiB by somebody else -> kept'* ]]
	run -0 limactl apply --stopped a
	[[ $(limactl plan --stopped a) == *'Nothing to do'* ]]
	lose_database
	[[ $(limactl plan --stopped a) == *'Nothing to do'* ]]
	[ "$(stat -c %s "$LIMA_HOME/a/disk")" = 12582912 ]
	# one of which nothing is known
	rm "$LIMA_HOME/a/disk.format"
	lose_database
	run -0 limactl apply --stopped a
	[[ $(limactl plan --stopped a) == *'Nothing to do'* ]]
	# that is for what others did: what is asked for is refused as ever
	fails_with 'cannot change size: 4MiB -> 2MiB' apply --stopped --set '.disk="2MiB"' a
}

@test "an image that unpacks to more than the disk is refused, and nothing of it stays" {
	head -c 200000000 /dev/zero | tr '\0' x | gzip >bomb.gz
	cold_yaml | sed "s|location: .*|location: $WORK/bomb.gz|; s|^disk:.*|disk: 64MiB|" >a.yaml
	fails_with 'unpacks to more than' create --tty=false a.yaml
	[[ $stderr == *'`disk` is 64MiB'* ]]
	[ -z "$(find "$LIMA_HOME" -size +1M)" ]
}

@test "an image whose header asks for more than the disk is refused before it is copied or converted" {
	local format
	for format in qcow2 vmdk vdi vhdx parallels; do
		qemu-img create -q -f $format big.$format 900G
		cold_yaml | sed "s|location: .*|location: $WORK/big.$format|; s|^disk:.*|disk: 64MiB|" >a.yaml
		fails_with 'set `disk: 900GiB` or more' create --tty=false --name "x$format" a.yaml
		[ -z "$(find "$LIMA_HOME" -name 'disk*')" ]
	done
}
