#!/usr/bin/env bats
# Generations: an instance as it was before a change, and the way back; by a machine that only plays one, and real disks.
load helper
load kills

setup_file() { kills_file; }

setup() { qcow2_begin; }
teardown() { qcow2_end; }

# what a guest has written: a byte over 64 KiB of the disk
write() { qemu-io -f qcow2 -c "write -P $1 1M 64k" "${2:-$LIMA_HOME/f/disk}" >/dev/null; }
holds() {
	local out
	out=$(qemu-io -f qcow2 -c "read -P $1 1M 64k" "${2:-$LIMA_HOME/f/disk}" 2>&1) && ! grep -q 'Pattern verification failed' <<<"$out"
}
size_is() { qemu-img info "$LIMA_HOME/f/disk" | grep -q "virtual size: $1 MiB"; }
generations() { limactl history f | tail -n +2 | wc -l; }
last_run() { limactl history | tail -n 1 | cut -d' ' -f1; }

# is that byte in the disk, in one that was put away, or in a snapshot of either?
somewhere() {
	local d tag
	for d in "$LIMA_HOME"/f/disk "$LIMA_HOME"/f/generations/*/disk; do
		[ ! -e "$d" ] || ! holds "$1" "$d" || return 0
		for tag in $([ ! -e "$d" ] || qemu-img snapshot -l "$d" | awk '$2 ~ /^\.generation-/ { print $2 }'); do
			cp "$d" "$WORK/copy"
			qemu-img snapshot -a "$tag" "$WORK/copy"
			! holds "$1" "$WORK/copy" || return 0
		done
	done
	echo "$1 is nowhere"
	return 1
}

@test "a change of the text is undone by the old text, and nothing is copied for it" {
	apply --stopped f.yaml
	before=$(cat "$LIMA_HOME/f/lima.yaml")
	limactl apply --set '.cpus=4' f
	[ "$(generations)" = 1 ]
	[ ! -e "$LIMA_HOME/f/generations/1/disk" ]
	inode=$(stat -c %i "$LIMA_HOME/f/disk")
	run -0 limactl plan --undo
	[[ $output == *'cpus: 4 -> 1'* && $output == *'Plan: 1 to change'* ]]
	limactl apply --undo
	[ "$(cat "$LIMA_HOME/f/lima.yaml")" = "$before" ]
	[ "$(stat -c %i "$LIMA_HOME/f/disk")" = "$inode" ]
	settled
	# and the undo is undone
	limactl apply --undo
	grep -q '^cpus: 4' "$LIMA_HOME/f/lima.yaml"
	settled
}

@test "what a factory-reset puts away is there again; it asks for that in so many words, and keeps what it finds" {
	apply --stopped f.yaml
	write 0x5a
	inode=$(stat -c %i "$LIMA_HOME/f/disk")
	limactl factory-reset f
	run ! holds 0x5a
	[ "$(stat -c %i "$LIMA_HOME/f/generations/1/disk")" = "$inode" ] # moved, and not copied
	[[ $(limactl history f) == *KiB* ]]
	write 0x6b
	fails_with '`f` would go back to the disk of its generation 1, without what was written since; --allow-data-loss says that it may' apply --undo
	holds 0x6b
	limactl apply --undo --allow-data-loss
	holds 0x5a
	[ "$(stat -c %i "$LIMA_HOME/f/disk")" = "$inode" ]
	settled
	limactl apply --undo --allow-data-loss
	holds 0x6b
	settled
	limactl apply --running f
	settled
}

@test "before a disk grows it is kept in itself, or by shared blocks; the way back is the smaller disk" {
	apply --stopped f.yaml
	write 0x5a
	limactl apply --set '.disk="8MiB"' f
	size_is 8
	write 0x6b
	run -0 limactl plan --undo
	[[ $output == *'disk: 8MiB -> 4MiB'* && $output == *'generation: '* ]]
	limactl apply --undo --allow-data-loss
	size_is 4
	holds 0x5a
	settled
	limactl apply --undo --allow-data-loss
	size_is 8
	holds 0x6b
	settled
	qemu-img check -q "$LIMA_HOME/f/disk"
}

@test "back to what there was before a run, over all that came after it" {
	apply --stopped f.yaml
	limactl apply --set '.cpus=2' f
	run=$(last_run)
	write 0x5a
	limactl apply --set '.disk="8MiB"' f
	limactl factory-reset f
	limactl apply --set '.cpus=3' f
	fails_with "there is nothing to undo: no generation of before run 9999 is kept" apply --undo 9999
	fails_with 'there is no instance `nix`' apply --undo nix
	limactl apply --undo --allow-data-loss "$run" f
	grep -q '^cpus: 1' "$LIMA_HOME/f/lima.yaml"
	size_is 4
	holds 0x5a
	settled
}

@test "a run of several is undone as one, and others are left" {
	sed 's/cpus: 1/cpus: 2/' f.yaml >g.yaml
	cp f.yaml h.yaml
	apply --stopped f.yaml g.yaml h.yaml
	limactl apply --stopped --set '.memory="128MiB"' f g
	limactl apply --stopped --set '.memory="96MiB"' h
	run=$(limactl history | awk 'NR == 3 { print $1 }')
	limactl apply --undo "$run"
	for i in f g; do run ! grep -q 128MiB "$LIMA_HOME/$i/lima.yaml"; done
	grep -q 96MiB "$LIMA_HOME/h/lima.yaml"
}

@test "a running machine is restarted for the way back, and runs behind it" {
	apply f.yaml
	one=$(cat "$LIMA_HOME/f/fake.pid")
	limactl apply --set '.cpus=2' f
	two=$(cat "$LIMA_HOME/f/fake.pid")
	[ "$one" != "$two" ]
	limactl apply --undo
	[ "$(status_of f)" = Running ]
	[ "$(cat "$LIMA_HOME/f/fake.pid")" != "$two" ]
	settled
}

@test "a change that does not come up is taken back, if that was said before" {
	apply f.yaml
	write 0x5a # the machine only plays one, and has nothing open
	before=$(cat "$LIMA_HOME/f/lima.yaml")
	# one that dies when it has more memory than there ever was
	FAKE="--refuse no" run --separate-stderr limactl apply --set '.memory="128MiB"' f
	[ "$status" -eq 1 ]
	grep -q 128MiB "$LIMA_HOME/f/lima.yaml"
	run --separate-stderr limactl apply --set '.memory="96MiB" | .provision=[{"mode":"system","script":"one"}]' f
	[ "$status" -eq 0 ]
	limactl apply --undo "$(limactl history | awk 'NR == 3 { print $1 }')" f
	[ "$(cat "$LIMA_HOME/f/lima.yaml")" = "$before" ]
	# the way back meets the same machine that refuses, so all it can do is to bring back the text
	FAKE="--refuse no" run --separate-stderr limactl apply --rollback-on-failure --set '.memory="128MiB"' f
	[ "$status" -eq 1 ]
	[[ $stderr == *'Going back to what there was before run '* && $stderr == *'; and on the way back: '* ]]
	[ "$(cat "$LIMA_HOME/f/lima.yaml")" = "$before" ]
	limactl apply f
	[ "$(status_of f)" = Running ]
	holds 0x5a
	settled
}

@test "generations go with their instance; a clone has none; under another name they are still there" {
	apply --stopped f.yaml
	limactl apply --set '.cpus=2' f
	limactl clone --tty=false f g
	[ ! -e "$LIMA_HOME/g/generations" ]
	limactl rename --tty=false f h
	[ "$(limactl history h | tail -n +2 | wc -l)" = 1 ]
	limactl apply --undo h
	grep -q '^cpus: 1' "$LIMA_HOME/h/lima.yaml"
	limactl delete h g
	[ -z "$(ls "$LIMA_HOME")" ] || [ ! -e "$LIMA_HOME/h" ]
}

@test "the old ones go, and the last one never does" {
	apply --stopped f.yaml
	for i in 1 2 3 4 5; do
		write 0x1$i
		limactl factory-reset f
	done
	[ "$(find "$LIMA_HOME/f/generations" -name disk | wc -l)" = 3 ]
	[ "$(generations)" = 3 ]
	holds 0x15 "$LIMA_HOME/f/generations/5/disk"
	sed -i 's/^when .*/when 1000/' "$LIMA_HOME"/f/generations/*/note
	limactl apply --set '.cpus=2' f
	# the text is in the last one, and what was on the disk before in the one that is kept for it
	[ "$(find "$LIMA_HOME/f/generations" -name disk | wc -l)" = 1 ]
	holds 0x15 "$LIMA_HOME/f/generations/5/disk"
	limactl history --json f | grep -q '"generation":6'
}

# What was there before the kill is somewhere, the same command comes to its end, and nothing half is left.
converges() {
	lose_database "$1"
	limactl apply --stopped f >"$WORK/log" 2>&1 || { cat "$WORK/log"; return 1; }
	settled
	[ ! -e "$LIMA_HOME/f/generations/back" ]
	somewhere 0x5a
	somewhere 0x6b
	[ -z "$(find "$LIMA_HOME" -name '*.tmp')" ]
	qemu-img check -q "$LIMA_HOME/f/disk"
}

# WORD...: what puts the disk at risk; the way back from it is killed at each call
killed_on_the_way_back() {
	for n in {1..60}; do
		limactl delete -f f 2>/dev/null || true
		limactl apply --stopped f.yaml 2>/dev/null
		write 0x5a
		limactl "$@" 2>/dev/null >&2
		write 0x6b
		killed_in "$n" "$LIMA_HOME/f" apply --undo --allow-data-loss || break
		converges "$n"
	done
	[ "$n" -gt 8 ] && [ "$n" -lt 60 ]
}

@test "killed at any name that it gives or takes, the way back to a disk that was put away loses nothing" {
	killed_on_the_way_back factory-reset f
}

@test "the same within the disk" {
	killed_on_the_way_back apply --set '.disk="8MiB"' f
}

@test "killed while it keeps, it has kept, or nothing has been touched" {
	for n in {1..60}; do
		limactl delete -f f 2>/dev/null || true
		limactl apply --stopped f.yaml 2>/dev/null
		write 0x5a
		killed_in "$n" "$LIMA_HOME/f/generations" factory-reset f || break
		limactl apply --stopped f >/dev/null 2>&1
		settled
		somewhere 0x5a
		[ -z "$(find "$LIMA_HOME" -name '*.tmp')" ]
	done
	[ "$n" -gt 4 ]
	[ "$n" -lt 60 ]
}
