#!/usr/bin/env bats
# The debian guest as a disk with a boot loader, by UEFI; in plain mode, with a user of another name who has a password.
load helper

setup_file() {
	large_home
	sed "s|\.\./build|$REPO/build|" "$REPO/examples/guest-debian-uefi.yaml" >"$WORK/u.yaml"
	cat >>"$WORK/u.yaml" <<-'END'
		plain: true
		user:
		  name: somebody
		  uid: 1234
		  comment: Some Body
		  home: /home/{{.User}}.home
		  shell: /bin/sh
		  passwordlessSudo: false
		param:
		  Word: plainly
		provision:
		- mode: system
		  script: |
		    #!/bin/sh
		    echo "$PARAM_Word" >/etc/mark-system
		- mode: user
		  script: |
		    #!/bin/sh
		    id -un >~/mark-user
		- mode: data
		  path: /etc/mark-data
		  content: "{{.Param.Word}}"
		  permissions: 400
	END
	LIMIT=600 limactl apply "$WORK/u.yaml" || { tail -n 30 "$LIMA_HOME/u/serial.log"; return 1; }
}

teardown_file() {
	limactl delete --force u >/dev/null 2>&1 || true
}

inside() {
	limactl shell --workdir / u sh -c "$1"
}

@test "it was started by UEFI, with variables of its own that it writes to" {
	[ "$(limactl list u --format '{{.Status}}')" = Running ]
	inside 'test -d /sys/firmware/efi/efivars && findmnt -no SOURCE /' | grep -qx /dev/vda1
	[ "$(od -An -tx1 -N4 "$LIMA_HOME/u/qemu-efi-vars.fd" | tr -d ' ')" = 514649fb ]
	run -0 limactl plan "$WORK/u.yaml"
	[[ $output == *"Nothing to do"* ]]
}

@test "the user is as lima.yaml says" {
	[ "$(inside 'getent passwd somebody | cut -d: -f1,3,5-7; pwd -P; cd; pwd -P')" = \
		"somebody:1234:Some Body:/home/somebody.home:/bin/sh"$'\n'/$'\n'/home/somebody.home ]
}

@test "sudo wants the password, which is in his home" {
	run ! inside 'sudo -n true'
	[ "$(inside 'sudo -S id -u <~/password 2>/dev/null; stat -c "%U %a" ~/password')" = 0$'\n'"somebody 600" ]
}

@test "plain: provisioning and nothing else" {
	[ "$(inside 'cat /etc/mark-system ~/mark-user')" = plainly$'\n'somebody ]
	[ "$(inside 'sudo -S cat /etc/mark-data <~/password 2>/dev/null')" = plainly ]
	inside 'test -e /run/lima-boot-done && test ! -e /run/lima-ssh-ready && test ! -e /run/lima-guestagent.sock'
	inside 'test ! -e /usr/local/bin/lima-guestagent && ! grep -q LIMA-START /etc/environment && ! grep -q host.lima /etc/hosts'
}

@test "a snapshot of the running machine, its UEFI variables included" {
	limactl snapshot create u --tag now
	limactl snapshot list u | grep -qw now
	qemu-img snapshot -U -l "$LIMA_HOME/u/qemu-efi-vars.fd" | grep -qw now
	# the memory is on the disk, not there
	[ "$(stat -c %s "$LIMA_HOME/u/qemu-efi-vars.fd")" -lt 8000000 ]
	inside 'echo later >~/later && sync'
	limactl snapshot apply u --tag now
	# connections of before are not in it, and nobody waits for them
	LIMIT=60
	inside 'test ! -e ~/later'
	limactl stop u
	limactl snapshot delete u --tag now
	[ -z "$(qemu-img snapshot -l "$LIMA_HOME/u/qemu-efi-vars.fd")" ]
}
