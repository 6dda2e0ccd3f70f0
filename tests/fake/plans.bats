# Plans of a part, of removal, and as files (plan --out), by a machine that only plays one.
load helper

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
}

teardown() { home_end; }

@test "a target is brought to what is wanted with what it needs; the rest is left, and found by the next plan" {
	run -0 limactl apply --target cidata.f "$WORK/f.yaml"
	[ -e "$LIMA_HOME/f/cidata.iso" ] && [ ! -e "$LIMA_HOME/f/fake.pid" ]
	limactl plan f | grep -q '+ vm '
	apply "$WORK/f.yaml"
	one=$(cat "$LIMA_HOME/f/fake.pid")
	limactl apply --target dir.f --set '.cpus=2' f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	limactl plan f | grep -q 'cpus: 1 -> 2'
	apply f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" != "$one" ]
	fails_with 'there is no resource `disc.f` in what was named (did you mean `disk.f`?)' plan --target disc.f f
	fails_with '`disk` is no address: that is TYPE.NAME' plan --target disk f
}

@test "what is replaced is made anew, with what stands on it; what holds data, only when that may be lost" {
	apply "$WORK/f.yaml"
	one=$(cat "$LIMA_HOME/f/fake.pid")
	limactl plan --replace vm.f f | grep -q -- '-/+ vm .*(asked for)'
	limactl apply --replace vm.f f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" != "$one" ]
	fails_with 'disk f: would be lost (asked for)' plan --replace disk.f f
	echo precious >>"$LIMA_HOME/f/disk"
	limactl apply --replace disk.f --allow-data-loss f
	run ! grep -q precious "$LIMA_HOME/f/disk"
	limactl plan f | grep -q 'Nothing to do'
}

@test "what is destroyed goes with all it has, by file or by name; data only when it may be lost" {
	apply "$WORK/f.yaml"
	limactl plan --destroy "$WORK/f.yaml" | grep -q -- '- disk '
	fails_with '`f` would be removed with what is on its disk' apply --destroy f
	[ "$(status_of f)" = Running ]
	limactl apply --destroy --allow-data-loss "$WORK/f.yaml"
	[ ! -e "$LIMA_HOME/f" ]
	nobody
	run -0 limactl apply --destroy "$WORK/f.yaml"
	[[ "$output" == *'Ignoring non-existent instance `f`'* ]]
	fails_with 'what is to be removed?' apply --destroy
	fails_with '--stopped says what is wanted of an instance' apply --destroy --stopped f
}

@test "shells complete addresses out of the database" {
	apply "$WORK/f.yaml"
	limactl __complete plan --target vm | grep -q '^vm.f'
	limactl __complete apply --replace disk. | grep -q '^disk.f'
}
