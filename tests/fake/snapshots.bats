# `snapshots` of lima.yaml: one every so often, and as many as are kept, of a machine that runs.
load helper

setup() {
	home_begin
	qemu-img create -q -f qcow2 "$WORK/disk.qcow2" 4M
	{
		fake_yaml | sed "s|raw.img|disk.qcow2|"
		printf 'snapshots:\n- {name: often, every: 1h, keep: 2}\n- {name: seldom, every: 2w, keep: 1}\n'
	} >"$WORK/f.yaml"
}

teardown() { home_end; }

tags() { limactl snapshot list --quiet f 2>/dev/null | grep "^$1-" | sort; }
count() { tags "$1" | wc -l; }
# one of that name, taken at a time that `date` understands
taken() { qemu-img snapshot -c "$1-$(date -u -d "$2" +%Y%m%dT%H%M%SZ)" "$LIMA_HOME/f/disk"; }
settled() { limactl plan f | grep -q 'Nothing to do'; }

@test "apply takes them when they are due, and no more than are kept" {
	run limactl plan "$WORK/f.yaml"
	[[ "$output" == *"+ snapshots f:often"* ]] || { echo "$output"; false; }
	limactl apply "$WORK/f.yaml"
	settled
	[ "$(count often)" -eq 1 ]
	[ "$(count seldom)" -eq 1 ]
	[[ "$(tags often)" =~ ^often-20[0-9]{6}T[0-9]{6}Z$ ]]
	limactl apply f
	[ "$(count often)" -eq 1 ]
	# one was an hour ago, and two before that
	qemu-img snapshot -d "$(tags often)" "$LIMA_HOME/f/disk"
	taken often '3 hours ago'
	taken often '2 hours ago'
	oldest=$(tags often | head -n 1)
	taken often '61 minutes ago'
	taken other '3 hours ago'
	run limactl plan f
	[[ "$output" == *"~ snapshots f:often"*"due, the last one is of 20"* ]] || { echo "$output"; false; }
	[[ "$output" != *"f:seldom"* ]]
	limactl apply f
	settled
	[ "$(count often)" -eq 2 ]
	! tags often | grep "$oldest" || false
	# the names are as they are: nobody else's goes
	[ "$(count other)" -eq 1 ]
	[ "$(count seldom)" -eq 1 ]
}

@test "fewer are kept: the oldest go; none are asked for: those that there are stay" {
	limactl apply "$WORK/f.yaml"
	taken often '30 minutes ago'
	[ "$(count often)" -eq 2 ]
	newest=$(tags often | tail -n 1)
	limactl apply --set '.snapshots[0].keep=1' f
	settled
	[ "$(tags often)" = "$newest" ]
	limactl apply --set 'del(.snapshots)' f
	settled
	[ "$(tags often)" = "$newest" ]
	[ "$(count seldom)" -eq 1 ]
}

@test "of a machine that does not run nothing is taken, and nothing is wrong" {
	limactl apply --stopped "$WORK/f.yaml"
	[ "$(count often)" -eq 0 ]
	limactl plan --stopped f | grep -q 'Nothing to do'
	limactl start f
	[ "$(count often)" -eq 1 ]
	limactl stop f
	qemu-img snapshot -d "$(tags often)" "$LIMA_HOME/f/disk"
	limactl plan --stopped f | grep -q 'Nothing to do'
	limactl delete f
}

@test "snapshot keep takes what is due of one that runs, and nothing else" {
	limactl apply --stopped "$WORK/f.yaml"
	limactl snapshot keep f
	[ "$(count often)" -eq 0 ]
	[ "$(status_of f)" = Stopped ]
	limactl start f
	qemu-img snapshot -d "$(tags often)" "$LIMA_HOME/f/disk"
	# what else is to be done is not done
	limactl edit --help >/dev/null
	rm "$LIMA_HOME/f/ssh.config"
	limactl snapshot keep f
	[ "$(count often)" -eq 1 ]
	[ ! -e "$LIMA_HOME/f/ssh.config" ]
	limactl snapshot keep f
	[ "$(count often)" -eq 1 ]
	fails_with 'instance `nobody` not found' snapshot keep nobody
}

@test "autostart brings a timer along, as often as the most frequent of them" {
	mkdir "$WORK/bin"
	printf '#!/bin/sh\necho "$*" >>"%s/log"\n' "$WORK" >"$WORK/bin/systemctl"
	chmod +x "$WORK/bin/systemctl"
	export PATH=$WORK/bin:$PATH LIMACTL_TEST_SYSTEMD=1 XDG_CONFIG_HOME=$WORK/config
	units=$WORK/config/systemd/user
	limactl apply "$WORK/f.yaml"
	limactl autostart enable f
	grep -x 'OnUnitActiveSec=3600' "$units/lima-snapshots@f.timer"
	grep 'ExecStart=".*/limactl" snapshot keep %i' "$units/lima-snapshots@f.service"
	grep -qF "LIMA_HOME=$LIMA_HOME" "$units/lima-snapshots@f.service"
	[ "$(cat "$WORK/log")" = $'--user enable lima-vm@f.service\n--user enable lima-snapshots@f.timer\n--user start lima-snapshots@f.timer' ]
	settled
	mkdir -m 700 "$WORK/run"
	XDG_RUNTIME_DIR=$WORK/run systemd-analyze --user verify --man=no "$units/lima-snapshots@f.timer"
	limactl apply --set '.snapshots[0].every="5m"' f
	grep -x 'OnUnitActiveSec=300' "$units/lima-snapshots@f.timer"
	settled
	limactl apply --set 'del(.snapshots)' f
	[ "$(ls "$units")" = lima-vm@f.service ]
	limactl apply --set '.snapshots=[{"name":"x"}]' f
	grep -x 'OnUnitActiveSec=86400' "$units/lima-snapshots@f.timer"
	limactl autostart disable f
	[ -z "$(ls "$units")" ]
}

@test "a clock that was ahead: one of a time that is to come is not waited for" {
	limactl apply "$WORK/f.yaml"
	qemu-img snapshot -d "$(tags often)" "$LIMA_HOME/f/disk"
	taken often '3 days'
	limactl apply f
	[ "$(count often)" -eq 2 ]
	limactl apply --set '.snapshots[0].keep=1' f
	[ "$(count often)" -eq 1 ]
}

@test "a disk that has none, and what is written wrong, are told" {
	run limactl apply --set '.images[0].location="'"$WORK"'/raw.img"' --name raw "$WORK/f.yaml"
	[ "$status" -ne 0 ]
	[[ "$output" == *"a raw disk has no snapshots"* ]] || { echo "$output"; false; }
	[ "$(status_of raw)" = Running ]
	fails_with 'snapshots[0].every: must be a number of minutes, hours, days or weeks, as in 30m, 6h, 1d, 2w; got `soon`' validate <(sed 's/every: 1h/every: soon/' "$WORK/f.yaml")
	fails_with 'snapshots[0].keep: must be from 1 to 100, got 1000' validate <(sed 's/keep: 2/keep: 1000/' "$WORK/f.yaml")
	fails_with 'snapshots[1].name: there are two of the name `often`' validate <(sed 's/seldom/often/' "$WORK/f.yaml")
	fails_with 'snapshots[0].name: must begin with a letter or a digit' validate <(sed 's/often/.generation/' "$WORK/f.yaml")
}

@test "killed in the middle: the next apply takes it, and there are no more than are kept" {
	limactl apply "$WORK/f.yaml"
	for n in {1..12}; do
		for t in $(tags often); do qemu-img snapshot -d "$t" "$LIMA_HOME/f/disk"; done
		taken often '3 hours ago'
		taken often '2 hours ago'
		LIMACTL_TEST_KILL_AT=$n limactl apply f >/dev/null 2>&1 && break
		limactl apply f
		settled
		[ "$(count often)" -eq 2 ]
	done
	[ "$n" -gt 1 ]
	[ "$n" -lt 12 ]
}
