#!/usr/bin/env bats
# Two machines are started at the same time in one home, and six other commands beside them: nobody waits for anybody.
load helper

setup() {
	home_begin
	sed "s|\.\./build|$REPO/build|" "$REPO/examples/tiny.yaml" >"$WORK/vm.yaml"
	cold_yaml >"$WORK/cold.yaml"
}

teardown() {
	home_end
}

@test "two starts run side by side, and six other commands beside them" {
	limactl create --tty=false --name=a "$WORK/vm.yaml"
	limactl create --tty=false --name=b "$WORK/vm.yaml"
	for i in a b; do
		LIMIT=240 limactl start $i >"$WORK/$i.log" 2>&1 3>&- &
		pids[${#pids[@]}]=$!
	done
	timeout 60 sh -c 'until grep -q "vm a" "$1/a.log" && grep -q "vm b" "$1/b.log"; do sleep 0.1; done' _ "$WORK"
	{
		limactl create --tty=false --name=c "$WORK/cold.yaml"
		limactl edit --set '.cpus=2' --start=false c
		limactl protect c
		limactl unprotect c
		limactl clone --start=false c d
		limactl delete c d
	} >"$WORK/others.log" 2>&1
	for pid in "${pids[@]}"; do wait "$pid"; done
	! grep -h 'waiting for' "$WORK"/*.log || false
	for i in a b; do [ "$(limactl shell $i hostname)" = lima-$i ]; done
	limactl history --json >"$WORK/history"
	cat "$WORK/history"
	run -0 jq -s '[.[] | select(.command | test("start [ab]$"))] | .[0].began < .[1].ended and .[1].began < .[0].ended' "$WORK/history"
	[ "$output" = true ]
}
