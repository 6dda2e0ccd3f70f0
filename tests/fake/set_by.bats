# Who set a key: what somebody else wants otherwise is told, with both ways out.
load helper

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
	cat >"$WORK/fleet.yaml" <<-EOF
		name: x
		instances: {db: {}}
		defaults:
		$(sed 's/^/  /' "$WORK/f.yaml")
	EOF
}

teardown() { home_end; }

fleet_memory() { sed -i "s/memory: .*/memory: $1/" "$WORK/fleet.yaml"; }

@test "an edit of a member, and then the fleet: each is told of the other, before it is done" {
	limactl apply --stopped "$WORK/fleet.yaml"
	run -0 limactl plan --set '.memory="128MiB"' db
	[[ $output == *"db: fleet $WORK/fleet.yaml set memory=64MiB; edit wants 128MiB: it holds until the next \`limactl apply $WORK/fleet.yaml\`; to keep it, write it for db in that file."* ]]
	limactl edit --set '.memory="128MiB"' db
	run -0 limactl explain dir.db
	[[ $output == *"set by: memory=128MiB: edit, 20"* ]]
	run -0 limactl plan "$WORK/fleet.yaml"
	[[ $output == *"db: edit set memory=128MiB, 20"*"; fleet $WORK/fleet.yaml wants 64MiB: \`limactl apply\` makes it that; to keep 128MiB, write it for db in $WORK/fleet.yaml."* ]]
	limactl plan --json "$WORK/fleet.yaml" >"$WORK/j"
	"$REPO/tests/plan/schema" <"$WORK/j"
	jq -e --arg f "fleet $WORK/fleet.yaml" '.disagreements | map(del(.set_at)) == [{instance: "db", key: "memory", set: "128MiB", set_by: "edit", wanted: "64MiB", wanted_by: $f}]' "$WORK/j"
	# one way out
	fleet_memory 128MiB
	run -0 limactl plan "$WORK/fleet.yaml"
	[[ $output != *" wants "* ]]
	limactl apply --stopped "$WORK/fleet.yaml"
	# the fleet may change what it has set itself
	fleet_memory 96MiB
	limactl apply --stopped "$WORK/fleet.yaml"
	fleet_memory 64MiB
	run -0 limactl plan "$WORK/fleet.yaml"
	[[ $output == *memory* && $output != *" wants "* ]]
}

@test "what is known of it survives the loss of the database, goes with a rename and into a clone" {
	limactl apply --stopped "$WORK/fleet.yaml"
	limactl edit --set '.memory="128MiB"' db
	rm -f "$LIMA_HOME"/_state/state.db*
	[[ $(limactl plan "$WORK/fleet.yaml") == *"db: edit set memory=128MiB"* ]]
	limactl clone db copy
	[[ $(limactl explain dir.copy) == *"set by: memory=128MiB: edit"* ]]
	limactl rename copy other
	[[ $(limactl explain dir.other) == *"set by: memory=128MiB: edit"* ]]
	# a file that cannot be understood is none
	echo '[{"key": 1}, 2, {' >"$LIMA_HOME/db/set-by.json"
	run -0 limactl plan "$WORK/fleet.yaml"
	[[ $output == *memory* && $output != *" set memory"* ]]
	limactl apply --stopped "$WORK/fleet.yaml"
	[[ $(limactl explain dir.db) == *"set by: memory=64MiB: fleet $WORK/fleet.yaml"* ]]
}

@test "a lima.yaml that somebody has changed by himself: whose value goes is told; and so is his when it goes" {
	limactl create --tty=false "$WORK/f.yaml"
	limactl edit --set '.memory="128MiB"' f
	sed -i 's/memory: .*/memory: 96MiB/' "$LIMA_HOME/f/lima.yaml"
	run -0 limactl plan f
	[[ $output == *"f: edit set memory=128MiB, 20"*"; a change of its lima.yaml by hand or a client wants 96MiB: \`limactl apply\` makes it that; \`limactl edit f\` puts back 128MiB."* ]]
	limactl apply --stopped f
	run -0 limactl plan --set '.memory="64MiB"' f
	[[ $output == *"f: a change of its lima.yaml by hand or a client set memory=96MiB, 20"*"; edit wants 64MiB"* ]]
	# no secret is in the file
	limactl edit --set '.env.PW="hunter2" | .secrets=["PW"]' f
	run ! grep -r hunter2 "$LIMA_HOME/f/set-by.json"
}
