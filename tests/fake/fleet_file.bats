# A fleet file: many machines of one text, in the order that it says, and whose they are afterwards.
load helper

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
	cat >"$WORK/fleet.yaml" <<-'YAML'
		name: bench
		defaults: {base: ./f.yaml}
		instances:
		  db: {disk: 8MiB}
		  web-{1..3}:
		    dependsOn: [db]
		    portForwards: [{guestPort: 80, hostPort: "{{add 21080 .Index}}", static: true}]
		  load: {count: 2, dependsOn: [web]}
	YAML
}

teardown() { home_end; }


# the order of the last run's steps of a type: "db web-1 ..."
steps_of() { limactl history "$(limactl history | awk 'END { print $1 }')" | awk -v t="$1" '$2 == t { printf "%s ", $3 }'; }

@test "members come up behind what they depend on, go down before it, and are ordinary instances" {
	apply "$WORK/fleet.yaml"
	[ "$(limactl list -q | tr '\n' ' ')" = "db load-1 load-2 web-1 web-2 web-3 " ]
	[[ "$(steps_of vm)" =~ ^"db "(web-. ){3}(load-. ){2}$ ]]
	grep -q '^disk: 8MiB' "$LIMA_HOME/db/lima.yaml"
	grep -q 'hostPort: 21082' "$LIMA_HOME/web-2/lima.yaml"
	! grep -q 'dependsOn\|base' "$LIMA_HOME/web-2/lima.yaml" || false
	run limactl plan
	[[ "$output" == *"Nothing to do: 6 instances are as wanted."* ]]
	limactl stop fleet/bench
	[[ "$(steps_of vm)" =~ ^(load-. ){2}(web-. ){3}"db "$ ]]
	nobody
	fails_with 'there is no instance of a fleet `other`; `limactl fleet ls` lists the fleets' stop fleet/other
	fails_with '`fleet/bench` is 6 instances, and `shell` is about one of them: db, load-1, load-2, web-1, web-2, web-3' shell fleet/bench
}

@test "without the database the note in each folder still says the order and the fleet" {
	apply "$WORK/fleet.yaml"
	rm -rf "$LIMA_HOME/_state"
	limactl stop fleet/bench
	[[ "$(steps_of vm)" =~ ^(load-. ){2}(web-. ){3}"db "$ ]]
	limactl delete fleet/bench
	[ -z "$(limactl list -q)" ]
}

@test "a member that fails keeps back only what depends on it, and the last lines say what did not come up and why" {
	cat >>"$WORK/fleet.yaml" <<-'YAML'
		  other: {}
		  bad: {disk: 8000000TiB}
		  behind: {dependsOn: [bad]}
		  far: {dependsOn: [behind]}
	YAML
	mkdir -p "$LIMA_HOME/bad"
	cp "$WORK/f.yaml" "$LIMA_HOME/bad/lima.yaml"
	fails_with 'instances.bad: the instance `bad` is there already, and belongs to no fleet; --adopt takes it over' apply "$WORK/fleet.yaml"
	[ ! -e "$LIMA_HOME/db" ]
	run limactl apply --adopt "$WORK/fleet.yaml"
	[ "$status" -ne 0 ]
	[ "$(status_of web-3)" = Running ]
	[ "$(status_of other)" = Running ]
	[ "$(status_of behind)" = Stopped ]
	[ "$(status_of far)" = Stopped ]
	echo "$output" | tail -4 | grep -q '`bad` is not as wanted: disk bad: '
	echo "$output" | tail -4 | grep -q '`behind`, `far` were left as they are, since they depend on it'
	limactl delete -f bad
	sed -i 's/8000000TiB/8MiB/' "$WORK/fleet.yaml"
	apply "$WORK/fleet.yaml"
	[ "$(status_of far)" = Running ]
}

@test "prune takes what the same fleet made and no longer lists, and nothing else" {
	limactl create --name mine "$WORK/f.yaml"
	apply --stopped "$WORK/fleet.yaml"
	sed -i 's/{1\.\.3}/{1..2}/; s/count: 2/count: 1/' "$WORK/fleet.yaml"
	run limactl plan --stopped "$WORK/fleet.yaml"
	[[ "$output" != *"- dir"* && "$output" == *"depends on: web-1, web-2, web-3 -> web-1, web-2"* ]]
	run limactl plan --stopped --prune "$WORK/fleet.yaml"
	[[ "$output" == *"- dir       load-2"* && "$output" == *"- dir       web-3"* && "$output" != *mine* ]]
	fails_with '`load-2`, `web-3` would be removed with what is on their disks; --allow-data-loss says that it may be lost' apply --stopped --prune "$WORK/fleet.yaml"
	limactl apply --stopped --prune --allow-data-loss "$WORK/fleet.yaml"
	[ "$(limactl list -q | tr '\n' ' ')" = "db load-1 mine web-1 web-2 " ]
	# a fleet of the same name out of another file takes nothing away
	mkdir "$WORK/elsewhere"
	cp "$WORK/f.yaml" "$WORK/elsewhere"
	printf 'name: bench\ndefaults: {base: ./f.yaml}\ninstances: {solo: }\n' >"$WORK/elsewhere/fleet.yaml"
	fails_with 'is of a fleet `bench` too, but another file made it' apply --stopped --prune --allow-data-loss "$WORK/elsewhere/fleet.yaml"
	# and so does one with a prefix
	apply --stopped --set '.memory="65MiB"' "$WORK/elsewhere/fleet.yaml"
	printf 'namePrefix: x-\n' >>"$WORK/fleet.yaml"
	limactl apply --stopped --prune --allow-data-loss "$WORK/fleet.yaml"
	[ "$(limactl list -q | tr '\n' ' ')" = "db load-1 mine solo web-1 web-2 x-db x-load-1 x-web-1 x-web-2 " ]
}

@test "the whole of a fleet goes down, its networks too, and what is protected stays" {
	printf 'networks: {lab: {egress: none}}\n' >>"$WORK/fleet.yaml"
	sed -i 's/8MiB/8MiB, protected: true/' "$WORK/fleet.yaml"
	apply --stopped "$WORK/fleet.yaml"
	grep -A5 '^  lab:' "$LIMA_HOME/_config/networks.yaml" | grep -q 'fleet: bench'
	[ -e "$LIMA_HOME/db/protected" ]
	fails_with 'instance is protected' apply --destroy --allow-data-loss "$WORK/fleet.yaml"
	[ -e "$LIMA_HOME/web-1" ]
	limactl unprotect db
	run limactl plan --destroy "$WORK/fleet.yaml"
	[[ "$output" == *"- dir       web-3"* && "$output" == *"- network-entry lab"* ]]
	limactl apply --destroy --allow-data-loss "$WORK/fleet.yaml"
	[ -z "$(limactl list -q)" ]
	! grep -q lab "$LIMA_HOME/_config/networks.yaml" || false
	grep -q user-v2 "$LIMA_HOME/_config/networks.yaml"
	# twice is once
	limactl apply --destroy --allow-data-loss "$WORK/fleet.yaml"
	fails_with '--prune is about a fleet file, and none was given' apply --prune "$WORK/f.yaml"
}

@test "killed anywhere, the same apply goes on, and no member is without its note" {
	for at in 1 3 5 8 12 20 30; do
		LIMACTL_TEST_KILL_AT=$at limactl apply --stopped "$WORK/fleet.yaml" >/dev/null 2>&1 || true
		for name in $(limactl list -q); do [ -s "$LIMA_HOME/$name/fleet" ]; done
	done
	apply --stopped "$WORK/fleet.yaml"
	[ "$(limactl list -q | wc -l)" -eq 6 ]
}

@test "ls and show say which fleets there are, and what differs" {
	apply --stopped "$WORK/fleet.yaml"
	[ "$(limactl fleet ls -q)" = bench ]
	limactl fleet ls --json | jq -e '.name == "bench" and .members == 6 and .running == 0'
	limactl fleet ls | grep -qE "^bench +6 +0 +$WORK/fleet.yaml"
	limactl start db
	sed -i 's/{1\.\.3}/{2..4}/' "$WORK/fleet.yaml"
	echo '# by hand' >>"$LIMA_HOME/load-1/lima.yaml"
	run limactl fleet show bench
	[[ "$output" =~ "db "+"Running "+"- "+"none" ]]
	[[ "$output" =~ "web-1 "+"Stopped "+"db "+"no longer listed" ]]
	[[ "$output" =~ "web-4 "+"- "+"- "+"not made yet" ]]
	[[ "$output" =~ "load-1 "+"Stopped "[^$'\n']*"lima.yaml" ]]
	[[ "$output" =~ "load-2 "+"Stopped "[^$'\n']*"none" ]]
	fails_with 'there is no instance of a fleet `other`' fleet show other
}

@test "a folder stands for its fleet file, else for each file in it" {
	mkdir "$WORK/two" "$WORK/none"
	cp "$WORK/f.yaml" "$WORK/two/a.yaml" && cp "$WORK/f.yaml" "$WORK/two/b.yml"
	apply --stopped "$WORK/two"
	[ "$(limactl list -q | tr '\n' ' ')" = "a b " ]
	mkdir "$WORK/lab" && cp "$WORK/f.yaml" "$WORK/lab" && sed '/^name/d' "$WORK/fleet.yaml" >"$WORK/lab/fleet.yaml"
	apply --stopped "$WORK/lab"
	[ "$(limactl fleet ls -q)" = lab ]
	fails_with 'there is no fleet.yaml or lima.yaml in that folder, and no other .yaml' apply "$WORK/none"
}

@test "what does not fit is told before anything is done, with the lines that collide" {
	sed -i 's/{{add 21080 .Index}}/21080/' "$WORK/fleet.yaml"
	fails_with "fleet.yaml:7:20: instances.web-{1..3}.portForwards[0]: tcp port 21080 of 127.0.0.1 is claimed by \`web-2\` and by \`web-1\` ($WORK/fleet.yaml:7:20)" apply "$WORK/fleet.yaml"
	fails_with 'tcp port 21080 of 127.0.0.1 is claimed by' validate "$WORK/fleet.yaml"
	sed -i 's/"21080"/"{{add 21080 .Index}}"/' "$WORK/fleet.yaml"
	printf 'capacity: {memory: 300MiB}\n' >>"$WORK/fleet.yaml"
	fails_with 'all 6 together want 384MiB of memory, and `capacity.memory` is 300MiB; the most wants `db` in line 4, which is 64MiB' apply "$WORK/fleet.yaml"
	sed -i '/^capacity/d; s/64MiB/900GiB/' "$WORK/fleet.yaml" "$WORK/f.yaml"
	fails_with 'and that of this host is' apply --lenient "$WORK/fleet.yaml"
	[ -z "$(limactl list -q)" ]
}

@test "parameters and a prefix make another fleet of the same file" {
	sed -i 's/^name: bench/namePrefix: "{{.Param.RUN}}-"\nparam: {RUN: one}\nname: bench/' "$WORK/fleet.yaml"
	apply --stopped "$WORK/fleet.yaml"
	apply --stopped --param RUN=two "$WORK/fleet.yaml"
	[ "$(limactl fleet ls -q | tr '\n' ' ')" = "one-bench two-bench " ]
	[ "$(limactl list -q fleet/two-bench | wc -l)" -eq 6 ]
	# what the others know it by
	grep -qx 'known-as db' "$LIMA_HOME/two-db/fleet"
	sed -i /known-as/d "$LIMA_HOME/two-db/fleet"
	run -0 limactl plan --param RUN=two "$WORK/fleet.yaml"
	[[ $output == *"short name"* ]]
	apply --stopped --param RUN=two "$WORK/fleet.yaml"
	fails_with 'has no parameter `RAN` for --param' plan --param RAN=1 "$WORK/fleet.yaml"
}

@test "an inventory for Ansible, and one ssh.config of all" {
	limactl create --name lone "$WORK/f.yaml"
	apply --stopped "$WORK/fleet.yaml"
	limactl inventory fleet/bench --list | jq -e '.bench.hosts == .all.hosts and (.all.hosts | length) == 6 and ._meta.hostvars["web-2"].ansible_host == "lima-web-2"'
	limactl inventory lone fleet/bench | jq -e '(.all.hosts | length) == 7 and (.bench.hosts | length) == 6'
	[ "$(limactl inventory fleet/bench --host db | jq -r .ansible_ssh_common_args)" = "-F $LIMA_HOME/db/ssh.config" ]
	fails_with '`nobody` is none of these instances' inventory fleet/bench --host nobody
	limactl ssh-config fleet/bench >"$WORK/config"
	[ "$(grep -c '^Host ' "$WORK/config")" -eq 6 ]
	ssh -F "$WORK/config" -G lima-web-3 | grep -q '^hostname 127.0.0.1$'
}

@test "what a running instance outside of the fleet has is told by the plan, with both files and lines; a stopped one has nothing" {
	fake_yaml >"$WORK/alone.yaml"
	printf 'portForwards:\n- {guestPort: 80, hostPort: 21090, static: true}\n' >>"$WORK/alone.yaml"
	cat >"$WORK/fleet.yaml" <<-EOF
		name: bench
		defaults: {base: $WORK/f.yaml}
		instances:
		  web: {portForwards: [{guestPort: 80, hostPort: 21090, static: true}]}
	EOF
	limactl start "$WORK/alone.yaml"
	fails_with "fleet.yaml:4:16: instances.web.portForwards[0]: tcp port 21090 of 127.0.0.1 is claimed by \`web\` and by \`alone\` ($LIMA_HOME/alone/lima.yaml:" plan "$WORK/fleet.yaml"
	[[ $stderr == *", an instance that runs and is not of this fleet"* ]]
	run limactl apply "$WORK/fleet.yaml"
	[ "$status" -eq 1 ]
	[ "$(limactl list -q)" = alone ]
	limactl stop alone
	limactl apply "$WORK/fleet.yaml"
}

@test "more host agents than the kernel has watchers for are told by the plan" {
	most=$(cat /proc/sys/fs/inotify/max_user_instances)
	[ "$most" -le 2000 ] || most=2000
	cat >"$WORK/fleet.yaml" <<-EOF
		name: bench
		defaults: {base: $WORK/f.yaml, memory: 16MiB, disk: 900TiB}
		instances: {"m-{1..$most}": }
	EOF
	run -0 --separate-stderr limactl plan "$WORK/fleet.yaml"
	[[ $stderr == *"the disks of the "*" that are not there yet may grow to "*" together, and "*" is free in "* ]]
	[[ $stderr == *"host agents watch files of theirs"*"sysctl fs.inotify.max_user_instances="* || $most -eq 2000 ]]
}
