#!/usr/bin/env bats
# Folders of the host in the tiny guest, by sshfs: as resources of a running machine.
load helper
load table

setup_file() {
	home_begin
	mkdir -p "$WORK/read only" "$WORK/rw, %d/n/out" "$WORK/rw, %d/n/sock"
	echo hello >"$WORK/read only/f"
	sed "s|\.\./build|$REPO/build|; /^plain:/d" "$REPO/examples/tiny.yaml" >"$WORK/t.yaml"
	cat >>"$WORK/t.yaml" <<-EOF
		containerd: {system: false, user: false}
		mountType: reverse-sshfs
		mountInotify: true
		mounts:
		- location: $WORK/read only
		- location: $WORK/rw, %d
		  mountPoint: /mnt/r w
		  writable: true
		copyToHost: [{guest: /etc/passwd, host: "$WORK/rw, %d/n/out/config", deleteOnStop: true}]
		portForwards: [{guestSocket: /run/x.sock, hostSocket: "$WORK/rw, %d/n/sock/x.sock"}]
	EOF
	apply "$WORK/t.yaml"
}

teardown_file() {
	home_end
}

in_guest() { limactl shell --workdir / t sh -c "$1"; }

@test "they are there, the one to read and the other to write" {
	[ "$(in_guest "cat '$WORK/read only/f'")" = hello ]
	run ! in_guest "echo x >'$WORK/read only/g'"
	[ ! -e "$WORK/read only/g" ]
	in_guest "echo from the guest >'/mnt/r w/new'"
	[ "$(cat "$WORK/rw, %d/new")" = "from the guest" ]
	[ "$(in_guest "sudo cat '/mnt/r w/new'")" = "from the guest" ]
}

@test "the guest sees nothing of the host beside them" {
	echo outside >"$WORK/secret"
	ln -s "$WORK/secret" "$WORK/rw, %d/out"
	run ! in_guest "cat '/mnt/r w/out'"
}

@test "mountInotify: what changes on the host is an event in the guest" {
	musl-gcc -static -o "$WORK/read only/watch" "$REPO/tests/e2e/watch.c"
	mkdir -p "$WORK/rw, %d/deep"
	in_guest "(timeout 60 '$WORK/read only/watch' '/mnt/r w/deep' >/tmp/seen 2>&1 </dev/null &)
		until grep -q watching /tmp/seen; do sleep 0.1; done"
	echo x >"$WORK/rw, %d/deep/made"
	in_guest 'timeout 30 sh -c "until grep -q seen /tmp/seen; do sleep 0.1; done"'
	[ "$(in_guest 'tail -n 1 /tmp/seen')" = "seen made" ]
	# in folders that came later, too: both times of a file are set by the guest's agent, and by nobody else
	mkdir -p "$WORK/rw, %d/deep/er"
	echo x >"$WORK/made"
	touch -a -d 2001-01-01 "$WORK/made"
	mv "$WORK/made" "$WORK/rw, %d/deep/er/made"
	timeout 20 sh -c 'until [ "$(stat -c %X "$1")" = "$(stat -c %Y "$1")" ]; do sleep 0.1; done' _ "$WORK/rw, %d/deep/er/made"
}

@test "one that is added, and one that is taken away, change nothing else" {
	boot=$(in_guest 'cat /proc/sys/kernel/random/boot_id')
	mkdir -p "$WORK/third"
	echo 3 >"$WORK/third/f"
	run -0 limactl plan --set ".mounts += [{\"location\":\"$WORK/third\",\"mountPoint\":\"/mnt/third\"}]" t
	# the machine goes on: what changes is which folders its host agent may have served
	[[ $output == *"+ mount     t:/mnt/third"* && $output == *"~ vm        t"* && $output == *"Plan: 1 to create, 2 to change"* && $output == *"in place"* ]]
	limactl apply --set ".mounts += [{\"location\":\"$WORK/third\",\"mountPoint\":\"/mnt/third\"}]" t
	apply t
	[ "$(in_guest 'cat /mnt/third/f')" = 3 ]
	limactl apply --set 'del(.mounts[2])' t
	apply t
	[ "$(in_guest 'ls /mnt/third')" = "" ]
	apply --set '.mounts[0].writable = true' t
	in_guest "echo x >'$WORK/read only/g'"
	[ -e "$WORK/read only/g" ]
	[ "$(in_guest 'cat /proc/sys/kernel/random/boot_id')" = "$boot" ]
}

@test "after kill -9 of the host agent a new one takes over" {
	qemu=$(cat "$LIMA_HOME/t/qemu.pid")
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	apply t
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$qemu" ]
	[ "$(in_guest "cat '$WORK/read only/f'")" = hello ]
}

@test "the guest reboots: they come back" {
	mounted=$(grep -c ': mounted' "$LIMA_HOME/t/ha.stderr.log")
	in_guest 'sudo reboot' || true
	timeout 90 sh -c 'until [ "$(grep -c ": mounted" "$1")" -ge "$2" ]; do sleep 0.2; done' _ "$LIMA_HOME/t/ha.stderr.log" $((mounted + 2))
	[ "$(in_guest "cat '$WORK/read only/f'")" = hello ]
}

@test "a folder that vanishes is told, and applying mends it" {
	mv "$WORK/read only" "$WORK/away"
	timeout 30 sh -c 'until "$1" list t --json | grep -q "has vanished"; do sleep 0.2; done' _ "$REPO/build/bin/limactl"
	run -0 limactl plan t
	[[ $output == *"state: failed: the folder"* ]]
	mv "$WORK/away" "$WORK/read only"
	timeout 30 sh -c 'until "$1" plan t | grep -q "Nothing to do"; do sleep 0.2; done' _ "$REPO/build/bin/limactl"
	[ "$(in_guest "cat '$WORK/read only/f'")" = hello ]
}

# the processes that serve the folders: ours, and OpenSSH's
servers() { ps -ww -eo args | grep -F "$WORK/" | grep -cE "$1"; }

@test "the builtin server serves, and OpenSSH's where it is asked for" {
	[ "$(servers ' sftp r[ow] ')" = 2 ]
	apply --set '.mounts[1].sshfs.sftpDriver = "openssh-sftp-server"' t
	[ "$(servers ' sftp r[ow] ')" = 1 ]
	[ "$(servers '/sftp-server -e ')" = 1 ]
	as_in_table "OpenSSH's server of a folder" "$(pgrep -f -- "sftp-server -e.*$WORK/" | head -n 1)"
	in_guest "echo by openssh >'/mnt/r w/openssh'"
	[ "$(cat "$WORK/rw, %d/openssh")" = "by openssh" ]
	# nor does it make anybody of the host somebody else
	in_guest "chmod 750 '/mnt/r w/openssh'"
	run ! in_guest "chmod u+s '/mnt/r w/openssh'"
	run ! in_guest "chmod g+s '/mnt/r w/openssh'"
	[ "$(stat -c %a "$WORK/rw, %d/openssh")" = 750 ]
	apply --set '.mounts[1].sshfs.sftpDriver = "builtin"' t
	[ "$(in_guest "cat '/mnt/r w/openssh'")" = "by openssh" ]
	fails_with "sftpDriver" apply --set '.mounts[1].sshfs.sftpDriver = "another"' t
}

@test "a folder that the home of the instances is in is served without it, also where OpenSSH's server is asked for" {
	run -0 --separate-stderr limactl apply --set ".mounts += [{\"location\":\"$WORK\",\"mountPoint\":\"/mnt/all\",\"sshfs\":{\"sftpDriver\":\"openssh-sftp-server\"}}]" t
	[[ $stderr == *"served by \`builtin\`, since"* ]]
	[ "$(servers '/sftp-server -e ')" = 0 ]
	[ "$(in_guest "cat '/mnt/all/read only/f'")" = hello ]
	run ! in_guest "sudo cat /mnt/all/h/_config/user || sudo ls /mnt/all/h/_config"
	[ -e "$LIMA_HOME/_config/user" ]
	limactl plan t | grep -q 'Nothing to do'
	apply --set 'del(.mounts[2])' t
}

@test "files in the guest do what files do" {
	in_guest 'set -e; cd "/mnt/r w"; mkdir -p w/d; cd w
		head -c 3000000 /dev/urandom >big; cp big copy; cmp big copy; mv copy d/moved; cmp big d/moved
		chmod 640 big; ln big hard; ln -s d/moved soft; cmp soft big; truncate -s 100 hard
		for i in 1 2 3 4 5 6 7 8 9; do echo $i >d/$i; done; rm d/5; mv d/6 d/7; df . >/dev/null; sync -f big 2>/dev/null || sync'
	cd "$WORK/rw, %d/w"
	# The guest is told of the change of its size, too, and its agent sets the time of that when it comes to it: a time that was set
	# meanwhile, on a slow machine, is lost (mountInotify). So it is set until it is the last, and then it stays.
	for ((n = 0; n < 30; n++)); do
		in_guest 'touch -d "2001-02-03 04:05:06" "/mnt/r w/w/big"'
		for ((stays = 0; stays < 20; stays++)); do
			[ "$(stat -c %Y big)" = 981173106 ] || break
			sleep 0.1
		done
		[ "$stays" -lt 20 ] || break
	done
	[ "$(stat -c '%a %s %h %Y' big)" = "640 100 2 981173106" ]
	[ "$(readlink soft)" = d/moved ]
	[ "$(echo d/*)" = "d/1 d/2 d/3 d/4 d/7 d/8 d/9 d/moved" ]
	[ "$(cat d/7)" = 6 ]
	# nobody of the host is anybody else because of a guest
	run ! in_guest 'chmod u+s "/mnt/r w/w/big"'
	[ ! -u big ]
}

@test "a guest's links lead it nowhere on the host, nor do a file's attributes" {
	echo outside >"$WORK/secret"
	chmod 600 "$WORK/secret"
	ln -sf "$WORK/secret" "$WORK/rw, %d/out"
	ln -sfn "$WORK" "$WORK/rw, %d/outdir"
	run ! in_guest "cat '/mnt/r w/outdir/secret'"
	in_guest "touch -h '/mnt/r w/out'" || true
	run ! in_guest "chmod 777 '/mnt/r w/out'"
	[ "$(stat -c %a "$WORK/secret")" = 600 ]
}

@test "what is copied from and to a folder of the guest's is what is in it, and not what its links lead to" {
	echo secret >"$WORK/secret"
	in_guest "cd '/mnt/r w' && mkdir -p src && echo own >src/own && ln -sf '$WORK/secret' src/key"
	run -0 limactl copy -r "$WORK/rw, %d/src" t:/tmp/
	[[ $output == *"skipped"*"key"* ]]
	[ "$(in_guest 'cat /tmp/src/own; ls /tmp/src')" = "own
own" ]
	run ! limactl copy "$WORK/rw, %d/src/key" t:/tmp/key
	limactl copy t:/etc/passwd "$WORK/rw, %d/src/passwd"
	[ -s "$WORK/rw, %d/src/passwd" ]
	run -0 limactl copy --backend=scp t:/etc/passwd "$WORK/rw, %d/src/passwd"
	[[ $output == *"follows links that a guest may put"* ]]
}

# the plan, and what applying says, has these words within 30 s
told() { timeout 30 bash -c 'until "$1" plan t 2>&1 | grep -qF "$2"; do sleep 0.2; done' _ "$BIN/limactl" "$1"; }

@test "names that are syntax elsewhere are names in the guest" {
	local names=('qu"o"te' '#ha #sh' 'back\slash\040' '%h %%' "it's \$HOME \`x\`" '-o ro' 'ü ö') name mounts=
	boot=$(in_guest 'cat /proc/sys/kernel/random/boot_id')
	for name in "${names[@]}"; do
		mkdir -p "$WORK/odd/$name"
		echo "$name" >"$WORK/odd/$name/f"
	done
	mounts=$(printf '%s\n' "${names[@]}" | jq -Rsc --arg at "$WORK/odd/" 'rtrimstr("\n") | split("\n") | map({location: ($at + .), writable: true})')
	limactl apply --set ".mounts += $mounts" t
	for name in "${names[@]}"; do
		[ "$(limactl shell --workdir / t cat "$WORK/odd/$name/f")" = "$name" ]
		limactl shell --workdir "$WORK/odd/$name" t sh -c 'cp f g'
		[ "$(cat "$WORK/odd/$name/g")" = "$name" ]
	done
	# they are the same to a host agent that finds them mounted
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	apply t
	[ "$(in_guest 'cat /proc/sys/kernel/random/boot_id')" = "$boot" ]
	# what cannot be a mount point of a guest is refused before anything is done
	run ! limactl apply --set ".mounts += [{\"location\":\"$WORK/odd/a\\nb\"}]" t
	[[ $output == *"mounts[9]"* ]]
	apply --set '.mounts |= .[0:2]' t
	! limactl shell --workdir / t sh -c 'grep odd/ /proc/mounts' || false
}

@test "a folder, a file and a socket in a folder that the guest writes: what it puts in their place leads nowhere" {
	local in="$WORK/rw, %d/n"
	mkdir -p "$in/vendor" "$WORK/victims/a" "$WORK/victims/b" "$WORK/victims/c"
	echo inner >"$in/vendor/f"
	for f in a/f b/config c/x.sock; do
		echo secret >"$WORK/victims/$f"
		touch -d 2001-01-01 "$WORK/victims/$f"
	done
	before=$(stat -c '%n %i %s %a %x %y' "$WORK/victims"/*/*)
	limactl apply --set ".mounts += [{\"location\":\"$in/vendor\",\"mountPoint\":\"/mnt/inner\"}]" t
	[ "$(in_guest 'cat /mnt/inner/f')" = inner ]
	[ -s "$in/out/config" ]
	[ -S "$in/sock/x.sock" ]
	in_guest "cd '/mnt/r w/n' && for n in vendor out sock; do mv \$n \$n.away || exit; done; ln -s '$WORK/victims/a' vendor && ln -s '$WORK/victims/b' out && ln -s '$WORK/victims/c' sock"
	told '`vendor` is a link in a folder that a guest can write, and is not followed'
	[ "$(in_guest 'cat /mnt/inner/f')" = inner ]
	# nor by a host agent that comes to it anew
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	run ! limactl apply --keep-going t
	[[ $output == *'`vendor` is a link in a folder'* && $output == *'`sock` is a link in a folder'* ]]
	run ! in_guest 'grep -r secret /mnt/inner "/mnt/r w/n"'
	# nor when it stops, and by none of the ways in which it could be started again
	in_guest "cd '/mnt/r w' && ln -s '$WORK/victim' vendor && ln -s '$WORK/victim/f' ca.pem"
	limactl stop t
	for type in 9p virtiofs; do
		run ! limactl apply --running --set ".mountType = \"$type\"" t
		[[ $output == *'`vendor` is a link in a folder'* ]]
		[ "$(limactl list t --format '{{.Status}}')" = Stopped ]
	done
	[ "$(stat -c '%n %i %s %a %x %y' "$WORK/victims"/*/*)" = "$before" ]
	[ "$(find "$WORK/victims" -type f | wc -l)" = 3 ]
}

@test "what one guest has made of its folder leads no other instance anywhere, also when it is stopped" {
	rm -rf "$WORK/victim"
	mkdir "$WORK/victim"
	echo secret >"$WORK/victim/f"
	chmod 600 "$WORK/victim/f"
	rm -f "$LIMA_HOME/_state/state.db"*
	sed "s|\.\./build|$REPO/build|; /^plain:/d" "$REPO/examples/tiny.yaml" >"$WORK/u.yaml"
	cat >>"$WORK/u.yaml" <<-EOF
		containerd: {system: false, user: false}
		mountType: reverse-sshfs
		mounts: [{location: "$WORK/rw, %d/vendor", mountPoint: /mnt/vendor}]
	EOF
	run ! limactl start --name u "$WORK/u.yaml"
	[[ $output == *"is a link in a folder that a guest can write"* ]]
	[ "$(limactl shell --workdir / u ls /mnt/vendor)" = "" ]
	# nor is anything put, or read, behind such a link
	for backend in sftp scp; do
		run ! limactl copy --backend=$backend u:/etc/passwd "$WORK/rw, %d/vendor/$backend"
		[[ $output == *"is a link in a folder that a guest can write"* ]]
	done
	[ "$(ls "$WORK/victim")" = f ]
	run ! limactl apply --set ".mounts = [] | .caCerts.files = [\"$WORK/rw, %d/ca.pem\"]" u
	[[ $output == *"caCerts.files"*"is a link in a folder that a guest can write"* ]]
	limactl delete -f u
	fails_with "is a link in a folder that a guest can write" start --name w --set ".mounts = [] | .images = [{\"location\":\"$WORK/rw, %d/ca.pem\"}]" "$WORK/u.yaml"
}
