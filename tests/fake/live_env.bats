#!/usr/bin/env bats
# Variables of a machine that runs, by one that only plays a machine, and a guest that is a folder.
load helper
load kills

setup_file() { kills_file; }
setup() {
	qcow2_begin
	# a plain guest is told nothing
	sed -i 's/^plain:.*/containerd: {user: false, system: false}/' f.yaml
}
teardown() { qcow2_end; }

environment() { cat "$LIMA_HOME/f/guest/etc/environment"; }
block() { printf '#LIMA-START\n'; printf '%s\n' "$@"; printf '#LIMA-END\n'; }

@test "a variable: the machine stays up, the guest has it in its file, and the next boot is told the same" {
	apply f.yaml
	pid=$(machine)
	mkdir -p "$LIMA_HOME/f/guest/etc"
	printf 'KEEP=this\n#LIMA-START\nOLD=gone\n#LIMA-END\nAND=that' >"$LIMA_HOME/f/guest/etc/environment"
	run -0 limactl plan --set '.env.COLOR="it'"'"'s $green"' f
	[[ $output == *"env.COLOR: unset -> it's \$green  (in place)"* && $output == *'~ vm '* && $output != *'-/+ '* && $output != *cidata* ]] || { echo "$output"; false; }
	[ "$(limactl plan --json --set '.env.COLOR="x"' f | jq -c '[.resource_changes[] | select(.address == "vm.f") | .class], .downtime')" = $'["live"]\n[]' ]
	run -0 --separate-stderr limactl apply --set '.env.COLOR="it'"'"'s $green"' f
	[[ $stderr == *'f: /etc/environment of its guest has `env` as it is now'* ]] || { echo "$stderr"; false; }
	[ "$(environment)" = "$(printf 'KEEP=this\nAND=that\n'; block "COLOR=it's \$green")" ]
	[ "$(machine)" = "$pid" ]
	settled
	# also where all that is known is in files
	rm -r "$LIMA_HOME/_state"
	settled
	before=$(sha256sum <"$LIMA_HOME/f/cidata.iso")
	limactl restart f
	[ "$(sha256sum <"$LIMA_HOME/f/cidata.iso")" != "$before" ]
	settled
	limactl apply --set '.env.COLOR="red"' f
	limactl apply --set 'del(.env)' f
	[ "$(environment)" = "$(printf 'KEEP=this\nAND=that\n'; printf '#LIMA-START\n#LIMA-END\n')" ]
	limactl apply --undo
	[[ $(environment) == *COLOR=red* ]]
	settled
}

@test "a variable that a script names is a restart, and the plan says whose; another one is not" {
	printf 'env: {A: a, AB: b}\nprovision: [{script: "#!/bin/sh\\necho $A"}]\n' >>f.yaml
	apply f.yaml
	pid=$(machine)
	run -0 limactl plan --set '.env.A="z"' f
	[[ $output == *'env.A: a -> z  (told to the guest at boot; a running machine is restarted: '* && $output == *'-/+ vm '* &&
		$output == *'; a running machine is restarted: provision[0] names `A`, and runs with it at a boot)'* ]] || { echo "$output"; false; }
	run -0 limactl plan --set 'del(.env.A)' f
	[[ $output == *': provision[0] names `A`'* ]]
	limactl apply --set '.env.AB="z"' f
	[ "$(machine)" = "$pid" ]
	[ "$(environment)" = "$(block A=a AB=z)" ]
	limactl apply --set '.env.A="z"' f
	[ "$(machine)" != "$pid" ]
	settled
}

@test "a plain guest is told where a boot tells it, and nobody is told who gives nobody the right to" {
	apply f.yaml
	limactl apply --set '.plain=true' f
	pid=$(machine)
	run -0 --separate-stderr limactl apply --set '.env.A="a"' f
	[[ $stderr == *'f: `env` is not told to its guest, which is plain'* ]] || { echo "$stderr"; false; }
	[ ! -e "$LIMA_HOME/f/guest/etc/environment" ]
	settled
	mkdir -p "$LIMA_HOME/f/guest/etc"
	block A=a >"$LIMA_HOME/f/guest/etc/environment"
	limactl apply --set '.env.A="b"' f
	[ "$(environment)" = "$(block A=b)" ]
	[ "$(machine)" = "$pid" ]
	limactl apply --set '.user.passwordlessSudo=false' f
	limactl plan --set '.env.A="c"' f | grep -F 'restarted: nobody may become root in its guest without a password)'
}

@test "a guest that does not take it is told of, and it is tried again; a value that is a secret is in no fact" {
	printf 'env: {PW: hunter2}\nsecrets: [PW]\n' >>f.yaml
	apply f.yaml
	mkdir -p "$LIMA_HOME/f/guest/etc/environment/in-the-way" "$LIMA_HOME/f/guest/etc/environment.lima"
	run -1 --separate-stderr limactl apply --set '.env.PW="hunter3"' f
	[[ $stderr == *'f: its guest has not taken up `env`: '*'; apply again, or `limactl restart f`'* ]] || { echo "$stderr"; false; }
	run -0 limactl plan f
	[[ $output == *'~ vm '* && $output != *hunter* ]] || { echo "$output"; false; }
	rm -r "$LIMA_HOME"/f/guest/etc/environment*
	limactl apply f
	[ "$(environment)" = "$(block PW=hunter3)" ]
	settled
	run ! grep -q hunter "$LIMA_HOME/f/launch.facts"
}

@test "kill -9 at every boundary: the next apply converges, whatever it wants" {
	apply f.yaml
	pid=$(machine)
	for n in {1..40}; do
		killed_at "$n" apply --set '.env.A="a"' f || break
		lose_database "$n"
		[ $((n % 3)) -eq 0 ] || { limactl apply --set '.env.A="a"' f; [ "$(environment)" = "$(block A=a)" ]; settled; }
		limactl apply --set 'del(.env)' f
		settled
	done
	[ "$n" -gt 2 ] && [ "$n" -lt 40 ]
	[ "$(machine)" = "$pid" ]
}
