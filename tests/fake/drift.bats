# What changed behind our back: told apart from what the user changed, and then reverted or adopted.
load helper

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
}

teardown() { home_end; }

# plan --drift, which has these words
drift() {
	local words=$1
	shift
	run -0 limactl plan --drift "$@"
	[[ $output == *"$words"* ]] || { echo "not told: $words"; echo "$output"; return 1; }
}
# and in JSON, an answer to a question
drift_json() {
	limactl plan --drift --json "${@:2}" >"$WORK/j"
	"$REPO/tests/plan/schema" <"$WORK/j"
	jq -e "$1" "$WORK/j" >/dev/null || { jq .resource_drift "$WORK/j"; return 1; }
}

@test "junk in ssh.config, a machine that is gone: each alone, with what becomes of it, and nothing of what the user has changed" {
	apply "$WORK/f.yaml"
	drift 'No drift: 1 instance is as it was left.' f
	drift 'No drift: 1 instance is as it was left.' --set '.cpus=2' f
	echo '# junk' >>"$LIMA_HOME/f/ssh.config"
	drift $'  ! sshconfig f  (was changed)\n              options changed\n              revert: put back in place\nDrift: 1 resource. `limactl apply f` reverts what can be reverted; no key of lima.yaml says any of it, so it cannot be adopted.' f
	drift_json '[.resource_drift[] | [.address, .fields[].attribute, .fields[].before, .fields[].revertible]] == [["sshconfig.f", "options", null, true]]' f
	kill -9 "$(cat "$LIMA_HOME/f/fake.pid")"
	wait_gone "$LIMA_HOME/f/ha.pid"
	sed -i 's/cpus: 1/cpus: 2/' "$WORK/f.yaml"
	drift '! vm        f  (is gone)' "$WORK/f.yaml"
	[[ $output == *'Drift: 2 resources.'* && $output != *cpus* && $output != *ready* ]]
	drift_json '[.resource_drift[] | select(.follows) | .address] == ["ready.f"]' f
	run -2 limactl plan --drift --detailed-exitcode f
	apply f
	run -0 limactl plan --drift --detailed-exitcode f
	run ! grep junk "$LIMA_HOME/f/ssh.config"
}

@test "a disk that was grown by hand is adopted as --set would write it, or stays; what has no key is told, and reverted" {
	apply --stopped "$WORK/f.yaml"
	truncate -s 16M "$LIMA_HOME/f/disk"
	echo junk >>"$LIMA_HOME/f/ssh.config"
	drift 'adopt: .disk = "16MiB"' f
	[[ $output == *'revert: not possible: a disk does not shrink'*'`limactl apply --adopt-drift f` writes into lima.yaml what has a key there'* ]]
	drift_json '[.resource_drift[].fields[] | select(.adopt) | [.attribute, .adopt, .revertible]] == [["grown", ".disk = \"16MiB\"", false]]' f
	run -0 limactl plan --adopt-drift f
	[[ $output == *'disk: 4MiB -> 16MiB'* ]]
	grep -q 'disk: 4MiB' "$LIMA_HOME/f/lima.yaml"
	run -0 limactl apply --adopt-drift "$WORK/f.yaml"
	[[ $output == *'f: .disk = \"16MiB\", as it was found, becomes what lima.yaml says'*'f: no key of lima.yaml says what changed of sshconfig: it is reverted'* ]]
	grep -q 'disk: 16MiB' "$LIMA_HOME/f/lima.yaml"
	run ! grep junk "$LIMA_HOME/f/ssh.config"
	[ "$(stat -c %s "$LIMA_HOME/f/disk")" = $((16 << 20)) ]
	limactl plan f | grep -q 'Nothing to do'
	drift 'No drift' f
	fails_with 'Disk shrinking is currently unavailable' apply --undo f
	# a size without a short word, to the byte
	truncate -s $(((24 << 20) + 512)) "$LIMA_HOME/f/disk"
	limactl apply --adopt-drift f
	grep -q "disk: \"\\?$(((24 << 20) + 512))" "$LIMA_HOME/f/lima.yaml"
	# reverted: it stays, and is remembered
	truncate -s 32M "$LIMA_HOME/f/disk"
	apply f
	[ "$(stat -c %s "$LIMA_HOME/f/disk")" = $((32 << 20)) ]
	drift 'No drift' f
	fails_with 'there is no instance `nix`' apply --adopt-drift nix
	fails_with 'leave --set and its like out' apply --adopt-drift --set '.cpus=2' f
}

@test "a forward that its agent has let go of, and a file that is gone from the guest" {
	port=$((20000 + RANDOM % 9000))
	mkdir "$WORK/d"
	cat >>"$WORK/f.yaml" <<-END
		portForwards: [{guestPort: 80, hostPort: $port, static: true}]
		provision: [{mode: data, path: $WORK/d/a.conf, content: "x=1", owner: "$(id -un):$(id -gn)", permissions: "640"}]
	END
	printf x=1 >"$WORK/d/a.conf"
	chmod 640 "$WORK/d/a.conf"
	apply "$WORK/f.yaml"
	id=$(curl -s --unix-socket "$LIMA_HOME/f/ha.sock" http://ha/v1/forwards | jq -r '.[0].id')
	curl -sf -X DELETE --unix-socket "$LIMA_HOME/f/ha.sock" "http://ha/v1/forwards/$id"
	drift "! forward   f:tcp:127.0.0.1:$port  (is gone)" f
	rm "$WORK/d/a.conf"
	drift "! provision f:0  (was changed)" f
	[[ $output == *'file: '*' -> gone'*'Drift: 2 resources.'* ]]
	apply f
	[ "$(cat "$WORK/d/a.conf")" = x=1 ]
	curl -s --unix-socket "$LIMA_HOME/f/ha.sock" http://ha/v1/forwards | jq -e 'length == 1'
	drift 'No drift' f
}
