#!/usr/bin/env bats
# A real guest that is saved in its boot, and others that begin from it: three of them have nothing in common that tells who one is, or what
# it will do.
load helper

sum_of_saved() { cat "$LIMA_HOME"/_machines/*[0-9a-f]/{memory,disk,ram-*} | sha256sum; }

setup_file() {
	home_begin
	{
		# with an agent, and nothing else that is of no use here
		sed "s|\.\./build|$REPO/build|; s/^cpus: .*/cpus: 2/; s/^plain: .*/plain: false/" "$REPO/examples/tiny.yaml"
		printf '%s\n' 'warmStart: true' 'mounts: []' 'containerd: {system: false, user: false}'
	} >"$WORK/t.yaml"
	for n in a b c; do
		limactl apply --name $n "$WORK/t.yaml" >"$WORK/$n.log" 2>&1 || { cat "$WORK/$n.log"; false; }
		# the first random words of a guest, before it has met anybody else
		limactl shell --workdir / $n sh -c 'head -c 8000 /dev/urandom | od -An -v -tx8 -w8 | tr -d " "' >"$WORK/$n.random"
		limactl shell --workdir / $n sh -c 'for i in 1 2 3 4 5 6; do cat /proc/sys/kernel/random/uuid; done' >"$WORK/$n.uuids"
		[ $n != a ] || SUM=$(sum_of_saved)
	done
	export SUM
}

teardown_file() {
	home_end
}

in_guest() { limactl shell --workdir / "$1" sh -c "$2"; }
# $1 of all three, and they are three
differ() {
	for n in a b c; do in_guest $n "$1"; done >"$WORK/all"
	[ "$(sort -u "$WORK/all" | wc -l)" -eq 3 ] || { cat "$WORK/all"; false; }
}

@test "the first was saved, and the others begin from it" {
	! grep 'restored from' "$WORK/a.log" || false
	for n in b c; do
		grep "$n: restored from a saved machine, identities renewed\|$n: restored from a saved machine (.* the last time), identities renewed" "$WORK/$n.log"
		grep "$n: restored from a saved machine in .* s, identities renewed" "$WORK/$n.log"
		limactl plan $n | grep 'Nothing to do'
		[ ! -e "$LIMA_HOME/$n/warm" ]
		[ ! -e "$LIMA_HOME/$n/warm.memory" ]
		in_guest $n '[ "$(cat /etc/motd)" = "made by lima.yaml" ]'
	done
	[ "$SUM" = "$(sum_of_saved)" ]
}

# A login costs an emulated guest seconds, so none is needed for that: the first booted, and was asked by SSH.
@test "those that begin from it are READY when their agent says so" {
	for n in b c; do
		for what in ssh "user session is ready for ssh" "boot scripts must have finished"; do
			grep "requirement is satisfied: $what, as the guest agent tells\"" "$LIMA_HOME/$n/ha.stderr.log"
		done
	done
	grep 'requirement is satisfied: ssh"' "$LIMA_HOME/a/ha.stderr.log"
	! grep 'as the guest agent tells' "$LIMA_HOME/a/ha.stderr.log" || false
}

@test "random words and UUIDs: none twice" {
	[ "$(cat "$WORK"/[abc].random | wc -l)" -eq 3000 ]
	[ -z "$(sort "$WORK"/[abc].random | uniq -d)" ]
	[ -z "$(sort "$WORK"/[abc].uuids | uniq -d)" ]
}

@test "machine-id, boot id, host key, address and name differ" {
	differ 'cat /etc/machine-id'
	differ 'cat /proc/sys/kernel/random/boot_id'
	differ 'cat /sys/class/net/eth0/address'
	differ hostname
	for n in a b c; do [ "$(in_guest $n hostname)" = lima-$n ]; done
	[ "$(for n in a b c; do ssh-keyscan -t ed25519 -p "$(limactl list --format '{{.SSHLocalPort}}' $n)" 127.0.0.1 2>/dev/null | cut -d' ' -f3; done | sort -u | wc -l)" -eq 3 ]
}

# Under emulation on a busy host the question alone takes seconds: the guest's answer lies between two looks at ours.
@test "the clock is the host's" {
	for n in a b c; do
		before=$(date +%s)
		guest=$(in_guest $n 'date +%s')
		after=$(date +%s)
		[ "$guest" -ge $((before - 1)) ]
		[ "$guest" -le $((after + 1)) ]
	done
}

# Memory is in a file with holes, each has its own writes, and the first has lost its name for his.
@test "their memory is that of one file" {
	ram=$(ls "$LIMA_HOME"/_machines/*[0-9a-f]/ram-*)
	[ "$(stat -c '%s %a' "$ram")" = "$((512 << 20)) 600" ]
	[ $(($(stat -c %b "$ram") * 512)) -lt $((400 << 20)) ]
	for n in b c; do grep -q "mem-path=$ram,share=off" "$LIMA_HOME/$n/launch.json"; done
	[ -z "$(find /dev/shm -maxdepth 1 -name "lima-$(id -u)-*")" ]
}

# What a login of ssh's gives, and what the guest agent runs a command with: the same, but from where it came.
@test "a command by the guest agent is as by ssh" {
	by() { way=$1; shift; limactl shell --workdir /tmp --over "$way" b sh -c "$@"; }
	for what in id pwd 'ulimit -a' 'umask' 'cat /proc/self/oom_score_adj' 'env | grep -v "^SSH_\|^_=" | sort' 'ls -l /proc/self/fd | sed "s/.* //" | grep -c ^/' 'kill -0 $$; trap' 'echo err >&2' 'cat | wc -c' 'exit 7' 'kill -9 $$' 'nosuch' 'sudo -n id'; do
		for way in ssh agent; do
			status=0
			printf 'some words' | by $way "$what" >"$WORK/$way.out" 2>"$WORK/$way.err" || status=$?
			echo "$status" >>"$WORK/$way.out"
		done
		diff "$WORK/ssh.out" "$WORK/agent.out" || { echo "$what"; false; }
		diff "$WORK/ssh.err" "$WORK/agent.err" || { echo "$what"; false; }
	done
	head -c 3000000 /dev/urandom >"$WORK/big"
	by agent cat <"$WORK/big" | cmp - "$WORK/big"
	# what it leaves behind goes on, as with ssh, once nobody has its output
	by agent 'sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >/tmp/left'
	by ssh 'kill $(cat /tmp/left)'
}

sleeps() { limactl shell --workdir / --over ssh b sh -c 'ps | grep "[s]leep 1000"' >/dev/null; }

@test "no user of the guest has the agent run anything, and none is left behind" {
	# its port is root's, and whoever opens it speaks with the host
	in_guest b 'p=$(ls /dev/vport*); for f in $p; do [ "$(stat -c "%u %a" $f)" = "0 600" ] || exit 1; ! cat $f 2>/dev/null || exit 1; done'
	in_guest b '! ls /run/lima-guestagent.sock 2>/dev/null'
	"$BIN/limactl" shell --workdir / --over agent b sleep 1000 </dev/null 3>&- &
	p=$!
	end=$((SECONDS + 60))
	until sleeps; do [ $SECONDS -lt $end ] && sleep 0.2 || return 1; done
	kill $p
	status=0
	wait $p || status=$?
	[ "$status" -eq 143 ]
	end=$((SECONDS + 60))
	while sleeps; do [ $SECONDS -lt $end ] && sleep 0.2 || return 1; done
}

@test "suspended, resumed, killed and started: both the first and one that began from it" {
	for n in a c; do
		in_guest $n 'echo held >/tmp/held'
		limactl suspend $n
		limactl start $n
		[ "$(in_guest $n 'cat /tmp/held')" = held ]
	done
	kill -9 "$(cat "$LIMA_HOME/c/qemu.pid")"
	limactl start c
	[ "$(in_guest c hostname)" = lima-c ]
	[ "$SUM" = "$(sum_of_saved)" ]
}

@test "one bit of the file: it boots, and is who it is" {
	ram=$(ls "$LIMA_HOME"/_machines/*[0-9a-f]/ram-*)
	printf '\x01' | dd of="$ram" bs=1 seek=300000000 conv=notrunc status=none
	run limactl apply --name d "$WORK/t.yaml"
	[ "$status" -eq 0 ] && [[ "$output" == *"d: not restored from the saved machine, it boots instead: "*"it has been changed since it was written"* ]] || { echo "$output"; false; }
	[ "$(in_guest d hostname)" = lima-d ]
	[ -n "$(in_guest d 'cat /etc/machine-id')" ]
	[ -z "$(ls "$LIMA_HOME"/_machines/*[0-9a-f] 2>/dev/null)" ]
}

@test "one reboots, and is started again, as itself" {
	id=$(in_guest b 'cat /etc/machine-id')
	limactl stop b
	limactl start b
	[ "$(in_guest b 'cat /etc/machine-id')" = "$id" ]
	[ "$(in_guest b hostname)" = lima-b ]
	qemu-img check -q "$LIMA_HOME/c/disk" -U
}
