#!/usr/bin/env bats
# What lima.yaml says of the inside of a guest, seen from the inside: provisioning of each mode, environment, user.
load helper

@test "each mode ran as its user, with its parameters, in its order" {
	guest_sh 'cat /run/mark-boot /run/mark-dependency /run/mark-system ~/mark-user' >"$BATS_TEST_TMPDIR/marks"
	cat "$BATS_TEST_TMPDIR/marks"
	local user
	user=$(guest id -un)
	awk -v user="$user" '
		{ rest = $0; sub(/^[a-z]+ green and blue /, "", rest); split(rest, f, " ") }
		NR <= 3 && f[1] != "root" { bad = 1 }
		NR == 4 && (f[1] != user || f[3] != "/run/user/'"$(guest id -u)"'" || f[4] != "/home/" user ".guest" || f[5] != user) { bad = 1 }
		NR <= 4 && (rest == $0 || f[2] < last) { bad = 1 }
		NR <= 4 { last = f[2]; words = words $1 " " }
		NR == 5 && $0 != "session" { bad = 1 }
		END { exit bad || words != "boot dependency system user " || NR != 5 }' "$BATS_TEST_TMPDIR/marks"
}

@test "mode boot comes before the user is made, and before sshd" {
	guest_sh 'awk "{ print \$(NF) }" /run/mark-boot; systemctl show -p ActiveEnterTimestampMonotonic --value ssh.service' |
		awk 'NR == 1 { at = $1 } NR == 2 { exit !(at < $1 / 1e6) }'
}

@test "data files have their contents, owners and permissions; one that is there stays" {
	[ "$(guest cat /etc/data.d/plain)" = "$GUEST green and blue" ]
	[ "$(guest stat -c '%U:%G %a' /etc/data.d/plain)" = "root:root 644" ]
	[ "$(guest_sh 'cat ~/.config/deep/own; stat -c "%U %a" ~/.config/deep/own; stat -c %U ~/.config/deep')" = \
		"mine$(guest id -un) 600"$'\n'"$(guest id -un)" ]
	[ "$(guest cat /etc/hostname)" = "lima-$GUEST" ]
}

@test "yq edits a file that is there, comments and all, and makes one that is not, as its owner" {
	[ "$(guest_sh 'sudo cat /etc/data.d/edited.yaml; stat -c "%U %a" /etc/data.d/edited.yaml')" = \
		"a: 2 # stays"$'\n''list: [x, green and blue]'$'\n'"root 640" ]
	[ "$(guest_sh 'tr -d " \n" <~/.config/new/made.json; stat -c " %U %a" ~/.config/new/made.json ~/.config/new')" = \
		'{"made":{"by":"yq"}}'" $(guest id -un) 644"$'\n'" $(guest id -un) 755" ]
}

@test "env is there as it was written, and its block in /etc/environment is the only one" {
	[ "$(guest printenv GREETING)" = "hello from lima.yaml" ]
	[ "$(guest printenv SPECIAL)" = 'a "quoted" $HOME value' ]
	[ "$(guest grep -c '^#LIMA-START$' /etc/environment)" = 1 ]
}

@test "the user: name, uid, group, home, shell, full name, sudo without a password" {
	local user
	user=$(guest id -un)
	[ "$(guest getent passwd "$user")" = "$user:x:1000:1000:Seed Keeper:/home/$user.guest:/bin/bash" ]
	[ "$(guest_sh 'stat -c "%U:%G" ~; sudo -n id -u')" = "$user:$user"$'\n'0 ]
	# useradd's, or ours
	[ "$(guest_sh 'cat /etc/subuid /etc/subgid' | awk -F: -v u="$user" '$1 == u && $3 >= 65536' | wc -l)" = 2 ]
	guest test -e "/var/lib/systemd/linger/$user"
}

@test "the time zone, and the clock" {
	[ "$(guest date +%z)" = -0500 ]
	[ "$(guest timedatectl show -p Timezone --value)" = America/Bogota ]
	local here there
	there=$(guest date +%s)
	here=$(date +%s)
	[ $((here - there)) -ge -2 ]
	[ $((here - there)) -le 10 ]
}

@test "what rootless containers and terminals need" {
	[ "$(guest_sh 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start')" = 0 ]
	[ "$(guest systemctl show -p Delegate --value "user@1000.service")" = yes ]
	[ "$(guest_sh 'stat -c "%U %a" /run/host-services')" = "$(guest id -un) 700" ]
}
