#!/usr/bin/env bats
# Folders of the host in the debian guest, by each of the three types: a machine of its own, restarted for the next type.
load helper

setup_file() {
	large_home
	mkdir -p "$WORK/mounts/read, only" "$WORK/mounts/rw"
	echo hello >"$WORK/mounts/read, only/f"
	musl-gcc -static -o "$WORK/mounts/read, only/watch" "$REPO/tests/e2e/watch.c"
	{
		sed "s|\.\./build|$REPO/build|" "$REPO/examples/guest-debian.yaml"
		cat <<-EOF
			mountInotify: true
			mounts:
			- location: $WORK/mounts/read, only
			- location: $(dirname "$LIMA_HOME")
			  mountPoint: /mnt/above
			- location: $WORK/mounts/rw
			  mountPoint: /mnt/r w
			  writable: true
			  9p: {securityModel: mapped-xattr, protocolVersion: 9p2000.L, msize: 512KiB, cache: none}
		EOF
	} >"$WORK/m.yaml"
	LIMIT=600 apply "$WORK/m.yaml" || { tail -n 30 "$LIMA_HOME/m/serial.log"; return 1; }
}

teardown_file() {
	limactl delete --force m
}

in_guest() { limactl shell --workdir / m sh -c "$1"; }
# what the guest's mount table says of a mount point: type and options
mounted() { in_guest "findmnt -n -o FSTYPE,OPTIONS '$1'"; }

both_work() {
	# the folder that the home of the instances is in, without it
	[[ $(in_guest "sudo ls /mnt/above") == *"$(basename "$LIMA_HOME")"* ]]
	[ -z "$(in_guest "sudo ls -A '/mnt/above/$(basename "$LIMA_HOME")' 2>/dev/null")" ]
	run ! in_guest "sudo cat '/mnt/above/$(basename "$LIMA_HOME")/_config/user'"
	[ "$(in_guest "cat '$WORK/mounts/read, only/f'")" = hello ]
	run ! in_guest "sudo touch '$WORK/mounts/read, only/g'"
	in_guest "sudo sh -c 'umask 022; echo from the guest >\"/mnt/r w/$1\"'"
	[ "$(cat "$WORK/mounts/rw/$1")" = "from the guest" ]
	echo from the host >"$WORK/mounts/rw/$1.back"
	[ "$(in_guest "cat '/mnt/r w/$1.back'")" = "from the host" ]
}

# what changes on the host is an event in the guest: notified TYPE FOLDER, which is watched there
notified() {
	local seen=/tmp/seen.$1
	mkdir -p "$WORK/mounts/rw/$2"
	in_guest "(timeout 100 '$WORK/mounts/read, only/watch' '/mnt/r w/$2' >$seen 2>&1 </dev/null &)
		timeout 60 sh -c 'until grep -q watching $seen; do sleep 0.2; done'"
	echo x >"$WORK/mounts/rw/$2/made"
	in_guest "timeout 60 sh -c 'until grep -q seen $seen; do sleep 0.2; done'"
	[ "$(in_guest "tail -n 1 $seen")" = "seen made" ]
}

# the machine restarted with another type, which the plan says beforehand
restarted_with() {
	run -0 limactl plan --set ".mountType = \"$1\"" m
	[[ $output == *"-/+ vm        m"* ]]
	LIMIT=500 limactl apply --set ".mountType = \"$1\"" m
	limactl plan m | grep -q 'Nothing to do'
}

@test "9p, with all its options" {
	both_work p9
	# the kernel's 9p makes a folder anew whenever it is looked up, and then nobody watches it: all but the topmost
	notified p9 .
	[[ $(mounted "$WORK/mounts/read, only") == 9p*ro,*access=client*trans=virtio* ]]
	[[ $(mounted '/mnt/r w') == 9p*rw,*msize=* ]]
	# the model: the owner is in an attribute, and not the host's
	[ "$(in_guest "stat -c %U '/mnt/r w/p9'")" = root ]
	python3 -c 'import os, sys; sys.exit("user.virtfs.uid" not in os.listxattr(sys.argv[1]))' "$WORK/mounts/rw/p9"
}

@test "reverse-sshfs: after a restart" {
	restarted_with reverse-sshfs
	both_work ssh
	notified ssh sub
	[[ $(mounted '/mnt/r w') == fuse.sshfs*rw,*allow_other* ]]
	[ "$(in_guest "grep -c '^lima-' /etc/fstab || true")" = 0 ]
}

@test "virtiofs: after a restart" {
	if [ "$(id -u)" != 0 ]; then
		fails_with "only root can run" apply --set '.mountType = "virtiofs"' m
		return
	fi
	restarted_with virtiofs
	both_work vio
	notified vio sub
	[[ $(mounted "$WORK/mounts/read, only") == virtiofs*ro,* ]]
	# what the guest may not write, the host keeps from it
	in_guest "sudo mount -o remount,rw '$WORK/mounts/read, only'"
	run ! in_guest "sudo touch '$WORK/mounts/read, only/g'"
}
