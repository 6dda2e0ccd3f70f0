# A fleet of $FLEET machines (100 by default), made, looked at, changed, stopped and deleted.
load helper

setup() {
	home_begin
	mkdir "$WORK/fleet"
	for i in $(seq -w 1 "${FLEET:-100}"); do fake_yaml >"$WORK/fleet/m$i.yaml"; done
}

teardown() { home_end; }

@test "a fleet comes up, is as wanted, changes, stops and goes" {
	n=${FLEET:-100} LIMIT=1200
	names=$(cd "$WORK/fleet" && printf '%s\n' * | sed 's/\.yaml$//')
	limactl apply -j 16 "$WORK"/fleet/*.yaml >"$WORK/log" 2>&1 || { tail -5 "$WORK/log"; false; }
	[ "$(limactl list --format '{{.Status}}' | grep -c Running)" -eq "$n" ]
	# of so many, some would have drawn the same port
	[ -z "$(cat "$LIMA_HOME"/*/lease.ssh | sort | uniq -d)" ]
	run limactl plan
	[[ "$output" == *"Nothing to do: $n instances are as wanted."* ]]
	# one of them dies: that one is missed, and no other is touched
	one=$(echo "$names" | tail -1)
	tell "$one" 'die 1'
	wait_gone "$LIMA_HOME/$one/ha.pid"
	run limactl plan
	[[ "$output" == *"+ vm        $one"* ]]
	[[ "$output" == *"Plan: 2 to create"* ]]
	limactl start "$one"
	# shellcheck disable=SC2086
	limactl stop $names >"$WORK/log" 2>&1 || { tail -5 "$WORK/log"; false; }
	nobody
	# shellcheck disable=SC2086
	limactl delete -f $names >"$WORK/log" 2>&1 || { tail -5 "$WORK/log"; false; }
	[ -z "$(limactl list -q)" ]
}
