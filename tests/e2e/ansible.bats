#!/usr/bin/env bats
# provision[] of mode ansible, with a stand-in for ansible-playbook that does what is told over the inventory's SSH.
load helper

setup_file() {
	home_begin
	sed "s|\.\./build|$REPO/build|" "$REPO/examples/tiny.yaml" >"$WORK/t.yaml"
	sed -i '/^provision:/,$d' "$WORK/t.yaml"
	cat >>"$WORK/t.yaml" <<-END
		param:
		  Word: played
		provision:
		- mode: ansible
		  playbook: $WORK/one.yaml
		- mode: ansible
		  playbook: $WORK/two.yaml
		- mode: system
		  script: "true # \$PARAM_Word"
	END
	echo 'echo "one $PARAM_Word" >>/tmp/played' >"$WORK/one.yaml"
	echo 'echo "two $PARAM_Word" >>/tmp/played' >"$WORK/two.yaml"
	mkdir "$WORK/bin"
	cat >"$WORK/bin/ansible-playbook" <<-'END'
		#!/bin/bash
		set -eu
		[ "$1" = -i ] && [ $# -eq 3 ]
		read -r name host args < <(python3 -c '
		import sys, yaml
		(name, v), = yaml.safe_load(open(sys.argv[1]))["lima"]["hosts"].items()
		assert v["ansible_connection"] == "ssh", v
		print(name, v["ansible_host"], v["ansible_ssh_common_args"])' "$2")
		echo "playing $(basename "$3") on $name"
		ssh $args "$host" "PARAM_Word=$PARAM_Word sh -s" <"$3"
	END
	chmod +x "$WORK/bin/ansible-playbook"
}

teardown_file() {
	home_end
}

@test "without ansible on the host: said, and the guest runs all the same" {
	mkdir "$WORK/without"
	ln -s /usr/bin/* /usr/sbin/* "$WORK/without" 2>/dev/null || true	# those of one name but once
	rm -f "$WORK/without/ansible-playbook"
	PATH=$WORK/without run ! limactl start --tty=false --name t "$WORK/t.yaml"
	[[ $output == *"(Debian package ansible-core)"* ]]
	[ "$(limactl list t --format '{{.Status}}')" = Running ]
}

@test "playbooks run in their order, with the parameters, and then there is nothing left to do" {
	PATH=$WORK/bin:$PATH run -0 limactl apply t
	[[ $output == *"playing one.yaml on t"*"playing two.yaml on t"* ]]
	[ "$(limactl shell --workdir / t cat /tmp/played)" = $'one played\ntwo played' ]
	run -0 limactl plan t
	[[ $output == *"Nothing to do"* ]]
	rm -r "$LIMA_HOME/_state"
	run -0 limactl plan t
	[[ $output == *"Nothing to do"* ]]
}

@test "a changed playbook is run again, the machine stays" {
	local pid
	pid=$(cat "$LIMA_HOME/t/qemu.pid")
	echo 'echo three >/tmp/played' >"$WORK/two.yaml"
	run -0 limactl plan t
	[[ $output == *"~ playbook  t"* && $output != *"vm "* ]]
	PATH=$WORK/bin:$PATH apply t
	[ "$(limactl shell --workdir / t cat /tmp/played)" = three ]
	# that one alone; one that was only touched is the same
	touch "$WORK/one.yaml"
	run -0 limactl plan t
	[[ $output == *"Nothing to do"* ]]
	[ "$(limactl log playbook.t:1)" = 'playing two.yaml on t' ]
	[ "$(limactl log provision.t:0)" = 'playing one.yaml on t' ]
	[[ $(limactl explain playbook.t:1) == *'status: 0'*"playbook: $WORK/two.yaml"* ]]
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$pid" ]
}

@test "one that fails is said, and tried again" {
	echo 'echo "no such luck" >&2; exit 3' >"$WORK/two.yaml"
	PATH=$WORK/bin:$PATH run ! limactl apply t
	[[ $output == *"no such luck"* && $output == *"provision[1].playbook: $WORK/two.yaml"* ]]
	[[ $output == *"(ansible, lima.yaml:"*"exit status 3"* && $(limactl log playbook.t:1) == *"no such luck"* ]]
	run -2 limactl plan --detailed-exitcode t
	echo 'echo four >/tmp/played' >"$WORK/two.yaml"
	PATH=$WORK/bin:$PATH apply t
}

@test "each start of the machine runs them, as provisioning does" {
	limactl stop t
	[ ! -e "$LIMA_HOME/t/ansible-inventory.yaml" ]
	PATH=$WORK/bin:$PATH limactl start --tty=false t
	[ "$(limactl shell --workdir / t cat /tmp/played)" = four ]
}

@test "a playbook that has gone does not keep an instance from going" {
	rm "$WORK/one.yaml"
	limactl delete --force t
}
