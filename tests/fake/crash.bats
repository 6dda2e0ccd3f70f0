# kill -9 at every boundary of a step, where a machine runs: the next apply converges, with and without the database.
load helper
load kills

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
}

teardown() { home_end; }

settled() {
	run limactl plan
	[[ "$output" == *"Nothing to do"* ]] || { echo "$output"; return 1; }
}

@test "the first apply" {
	for n in {1..60}; do
		killed_at "$n" apply "$WORK/f.yaml" || break
		lose_database "$n"
		limactl apply "$WORK/f.yaml"
		settled
		limactl delete -f f
		nobody
	done
	[ "$n" -gt 10 ]
	[ "$n" -lt 60 ]
}

@test "a restart for a bigger disk" {
	# one that could grow under it is in live.bats
	export LIMA_FAKE_RIGID='it is made of stone'
	apply "$WORK/f.yaml"
	size=4
	for n in {1..60}; do
		size=$((size + 1))
		killed_at "$n" apply --set ".disk=\"${size}MiB\"" "$WORK/f.yaml" || break
		lose_database "$n"
		limactl apply --set ".disk=\"${size}MiB\"" "$WORK/f.yaml"
		settled
		[ "$(status_of f)" = Running ]
	done
	[ "$n" -gt 6 ]
	[ "$n" -lt 60 ]
}

@test "stop, and start again" {
	apply "$WORK/f.yaml"
	for n in {1..40}; do
		killed_at "$n" stop f || break
		lose_database "$n"
		limactl stop f || [ "$(status_of f)" = Stopped ]
		nobody
		killed_at "$n" start f || limactl start f
		limactl start f
		[ "$(status_of f)" = Running ]
	done
	[ "$n" -gt 3 ]
	[ "$n" -lt 40 ]
}
