#!/usr/bin/env bats
# The life of an instance on the tiny guest, as its user sees it. One home, one guest, in order.
load helper

setup_file() {
	home_begin
	cp "$REPO/examples/tiny.yaml" "$WORK/t.yaml"
	sed -i "s|\.\./build|$REPO/build|" "$WORK/t.yaml"
	cat >>"$WORK/t.yaml" <<'END'
- mode: data
  path: /etc/app/conf.yaml
  content: |
    # top of the file
    server:   # the server
      port: 80 # keep low
      # names it answers to
      names: [a, b]
- mode: yq
  path: /etc/app/conf.yaml
  expression: .server.port = 8080 | .server.names += ["c"] | .log.level = "debug"
  permissions: 640
- mode: yq
  path: /etc/app/new.json
  expression: .made = true
END
}

teardown_file() {
	home_end
}

@test "plan of a new instance shows what will be made, and makes nothing" {
	run -0 limactl plan "$WORK/t.yaml"
	[[ $output == *"+ disk      t"* && $output == *"+ vm        t"* && $output == *"Plan: "*" to create"* ]]
	[ ! -e "$LIMA_HOME/t" ]
	run -2 limactl plan --detailed-exitcode "$WORK/t.yaml"
}

@test "apply boots a machine" {
	apply "$WORK/t.yaml"
	[ "$(limactl shell t echo hello)" = hello ]
	[ "$(limactl list t --format '{{.Status}}')" = Running ]
}

@test "apply again has nothing to do" {
	run -0 limactl apply "$WORK/t.yaml"
	[[ $output == *"Nothing to do"* ]]
}

@test "the guest knows what lima.yaml told it" {
	[ "$(limactl shell t hostname)" = lima-t ]
	[ "$(limactl shell t sh -c 'echo $GREETING')" = hello ]
	[ "$(limactl shell t cat /etc/motd)" = "made by lima.yaml" ]
	[ "$(limactl shell t sudo id -u)" = 0 ]
}

@test "provision yq changes a file that is there, and its comments stay; one that is not there is made" {
	[ "$(limactl shell t sudo cat /etc/app/conf.yaml)" = "# top of the file
server: # the server
  port: 8080 # keep low
  # names it answers to
  names: [a, b, c]
log:
  level: debug" ]
	[ "$(limactl shell t stat -c %a /etc/app/conf.yaml)" = 640 ]
	[ "$(limactl shell t sudo cat /etc/app/new.json | tr -d ' \n')" = '{"made":true}' ]
}

@test "stdin, stdout and the exit status of a command are its own" {
	[ "$(printf 'a\0b\nc' | limactl shell t cat | od -An -c)" = "$(printf 'a\0b\nc' | od -An -c)" ]
	run -7 limactl shell t sh -c 'exit 7'
}

@test "a forward is added to the running machine, and taken away again" {
	pid=$(cat "$LIMA_HOME/t/qemu.pid")
	apply --set '.portForwards=[{"guestPort":8000,"hostPort":18000,"static":true}]' t
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$pid" ]
	limactl shell t sh -c 'mkdir -p /tmp/w && echo from-the-guest >/tmp/w/f && (busybox httpd -p 127.0.0.1:8000 -h /tmp/w </dev/null >/dev/null 2>&1 &)'
	[ "$(curl -sS --max-time 20 http://127.0.0.1:18000/f)" = from-the-guest ]
	apply --set '.portForwards=[]' t
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$pid" ]
	run ! curl -sS --max-time 5 http://127.0.0.1:18000/f
}

@test "more memory and a bigger disk: the plan says so, the data stay" {
	limactl shell t sh -c 'echo precious >~/data && sync'
	run -0 limactl plan --set '.memory="768MiB"' --set '.disk="2GiB"' t
	[[ $output == *"memory: 512MiB -> 768MiB"* && $output == *"disk: 1GiB -> 2GiB"* && $output == *"-/+ vm"* ]]
	apply --set '.memory="768MiB"' --set '.disk="2GiB"' t
	[ "$(limactl shell t cat data)" = precious ]
	[ "$(limactl shell t sh -c 'df -k ~ | awk "END {print (\$2 > 1500000)}"')" = 1 ]
}

@test "what the guest is told at boot is an in-place change of cidata and a restart, and the plan says why" {
	run -0 limactl plan --set '.user.comment="Green Man"' t
	[[ $output == *"~ cidata"* && $output == *"-/+ vm        t  (cidata changes)"* ]]
	apply --set '.user.comment="Green Man"' t
	limactl shell t grep -F ':Green Man:' /etc/passwd
}

@test "an env variable is told to the guest while it runs: a shell has it from then on, also root's, and what runs keeps its own" {
	pid=$(cat "$LIMA_HOME/t/qemu.pid")
	limactl shell t sh -c 'sleep 600 </dev/null >/dev/null 2>&1 & echo $! >/tmp/before'
	run -0 limactl plan --set '.env.COLOR="green"' t
	[[ $output == *'env.COLOR: unset -> green  (in place)'* && $output == *'~ vm '* && $output != *'-/+ '* ]] || { echo "$output"; false; }
	apply --set '.env.COLOR="green"' t
	[ "$(limactl shell t sh -c 'echo $COLOR')" = green ]
	[ "$(limactl shell t sudo sh -c 'echo $COLOR')" = green ]
	[ "$(limactl shell t sh -c 'tr "\0" "\n" </proc/$(cat /tmp/before)/environ | grep -c COLOR || :')" = 0 ]
	[ "$(limactl shell t grep -c '^#LIMA-START$' /etc/environment)" = 1 ]
	apply --set 'del(.env.COLOR)' t
	[ "$(limactl shell t sh -c 'echo ${COLOR-none}')" = none ]
	limactl shell t sh -c 'kill $(cat /tmp/before)'
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$pid" ]
}

@test "a shrinking disk is refused before anything is touched" {
	pid=$(cat "$LIMA_HOME/t/qemu.pid")
	run ! limactl apply --set '.disk="1GiB"' t
	[[ $output == *"size: 2GiB -> 1GiB"* ]]
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$pid" ]
}

# mebibytes of the file system that the guest writes to
guest_mib() { limactl shell t df -Pm /run/lima-disk | awk 'END { print $2 }'; }

@test "a bigger disk under the running machine: the guest has it, and a limactl that is killed on the way leaves nothing half" {
	pid=$(cat "$LIMA_HOME/t/qemu.pid")
	run -0 --separate-stderr limactl apply --set '.disk="2176MiB"' t
	[[ $stderr == *"t: its disk has 2.125GiB now, and the guest says that its file system, /run/lima-disk, has 2."* ]] || { echo "$stderr"; false; }
	limactl plan t | grep -q 'Nothing to do'
	[ "$(guest_mib)" -gt 2100 ]
	# killed behind each boundary, some of which are between the disk and the guest's word: the same machine, with what was asked for last
	for n in 2 3 4; do
		! LIMACTL_TEST_KILL_AT=$n limactl apply --set ".disk=\"$((2176 + n * 32))MiB\"" t || false
		apply --set ".disk=\"$((2176 + n * 32))MiB\"" t
		[ "$(guest_mib)" -gt $((2100 + n * 32)) ]
	done
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$pid" ]
	run -0 limactl history t
	[[ $output == *snapshot* ]]
}

@test "a disk comes and goes under the running machine: the guest has it, and what it wrote is there" {
	pid=$(cat "$LIMA_HOME/t/qemu.pid")
	truncate -s 16M "$WORK/raw"
	mke2fs -q -t ext4 "$WORK/raw"
	limactl disk import data "$WORK/raw"
	# killed before the machine has it, or the guest's word is there: the next apply goes on
	! LIMACTL_TEST_KILL_AT=4 limactl apply --set '.additionalDisks=["data"]' t || false
	run -0 --separate-stderr limactl apply --set '.additionalDisks=["data"]' t
	[[ $stderr == *"t: it has the disk \`data\` now, and the guest sees it: /dev/sda"* ]] || { echo "$stderr"; false; }
	limactl plan t | grep -q 'Nothing to do'
	limactl shell t sudo sh -c 'mount -t ext4 /dev/sda /mnt && echo kept >/mnt/x'
	[ "$(limactl disk ls --json data | jq -r .instance)" = t ]
	run -1 limactl suspend t
	[[ $output == *'it has disks that were attached while it runs'* ]]
	# one that is in use stays; the guest unmounts the other
	limactl shell t sudo sh -c 'cd /mnt && (sleep 1000 >/dev/null 2>&1 </dev/null & echo $! >/tmp/sleeper)'
	run -1 limactl apply --set '.additionalDisks=[]' t
	[[ $output == *"t: it keeps the disk \`data\`: the guest does not let go of it: "*"/mnt"* ]] || { echo "$output"; false; }
	limactl shell t sudo sh -c 'kill $(cat /tmp/sleeper)'
	apply --set '.additionalDisks=[]' t
	[ "$(limactl shell t sh -c 'grep -c sda /proc/partitions')" = 0 ]
	[ "$(limactl disk ls --json data | jq -r .instance)" = "" ]
	[ "$(debugfs -R 'cat x' "$LIMA_HOME/_disks/data/datadisk" 2>/dev/null)" = kept ]
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$pid" ]
	limactl disk delete data
}

@test "less memory under the running machine, and again what it had: its guest has that" {
	pid=$(cat "$LIMA_HOME/t/qemu.pid")
	kib() { limactl shell t awk '/MemTotal/ { print $2 }' /proc/meminfo; }
	all=$(kib)
	run -0 --separate-stderr limactl apply --set '.memory="640MiB"' t
	[[ $stderr == *"t: its machine has 640MiB of memory now, and the guest says that it has $(awk -v k="$all" 'BEGIN { printf "%.4g", k / 1024 - 128 }')MiB"* ]] || { echo "$stderr"; false; }
	[ "$(kib)" = $((all - 131072)) ]
	limactl plan t | grep -q 'Nothing to do'
	run -0 limactl plan --set '.memory="800MiB"' t
	[[ $output == *': it was started with 768MiB, and has room for no more)'* ]]
	run -1 limactl apply --set '.memory="16MiB"' t
	[[ $output == *'t: its guest cannot give 624MiB of its memory back: it uses all but '* ]] || { echo "$output"; false; }
	apply --set '.memory="768MiB"' t
	[ "$(kib)" = "$all" ]
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$pid" ]
}

@test "one more processor under the running machine: its guest uses it, and its memory is that of no other machine then" {
	pid=$(cat "$LIMA_HOME/t/qemu.pid")
	[ "$(limactl shell t nproc)" = 1 ]
	if [ "$(sed -n 's/^cpus //p' "$LIMA_HOME/t/machine.type")" = 1 ]; then
		limactl plan --set '.cpus=2' t | grep -F ': it was started with room for 1 processor)'
		return
	fi
	run -0 --separate-stderr limactl apply --set '.cpus=2' t
	[[ $stderr == *'t: its machine has 2 processors now, and the guest says that it uses 2'* ]] || { echo "$stderr"; false; }
	[ "$(limactl shell t nproc)" = 2 ]
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$pid" ]
	[[ $(limactl plan t) == *'Nothing to do'* ]]
	fails_with 'it has processors that were added while it runs; `limactl restart` makes them processors that it starts with' suspend t
	fails_with 'it has processors that were added while it runs' snapshot create --tag a t
	[ "$(limactl shell t nproc)" = 2 ]
	apply --set '.cpus=1' t
	[ "$(limactl shell t nproc)" = 1 ]
}

@test "kill -9 of the host agent: apply brings a new one, the machine does not notice" {
	pid=$(cat "$LIMA_HOME/t/qemu.pid")
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	run -0 limactl plan t
	[[ $output == *"~ vm "* && $output == *"agent: gone -> running"* ]]
	apply t
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$pid" ]
	[ "$(limactl shell t echo still here)" = "still here" ]
}

@test "kill -9 of QEMU: apply starts it again, the data stay" {
	kill -9 "$(cat "$LIMA_HOME/t/qemu.pid")"
	wait_gone "$LIMA_HOME/t/ha.pid"
	apply t
	[ "$(limactl shell t cat data)" = precious ]
	# it boots what it had grown to
	[ "$(guest_mib)" -gt 2220 ]
}

@test "without the database nothing changes" {
	rm "$LIMA_HOME/_state/state.db"
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
}

@test "stop and start" {
	run -0 limactl stop t
	[ "$(limactl list t --format '{{.Status}}')" = Stopped ]
	[ ! -e "$LIMA_HOME/t/qemu.pid" ]
	[ ! -e "$LIMA_HOME/t/ha.sock" ]
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
	run -0 limactl start t
	[ "$(limactl shell t cat data)" = precious ]
}

@test "restart makes the machine anew" {
	pid=$(cat "$LIMA_HOME/t/qemu.pid")
	run -0 limactl restart t
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" != "$pid" ]
	[ "$(limactl shell t cat data)" = precious ]
}

@test "factory-reset: everything anew but the configuration" {
	run -0 limactl factory-reset t
	[ "$(limactl list t --format '{{.Status}}')" = Stopped ]
	grep -q 768MiB "$LIMA_HOME/t/lima.yaml"
	run -0 limactl start t
	run ! limactl shell t cat data
}

@test "delete leaves nothing behind" {
	run ! limactl delete t
	[[ $output == *"got \`Running\`"* ]]
	qemu=$(cat "$LIMA_HOME/t/qemu.pid") agent=$(cat "$LIMA_HOME/t/ha.pid")
	run -0 limactl delete --force t
	[ ! -e "$LIMA_HOME/t" ]
	[ ! -e "/proc/$qemu" ]
	[ ! -e "/proc/$agent" ]
	run -0 limactl list
	run -0 limactl delete t
	[[ $output == *"Ignoring non-existent instance"* ]]
}
