#!/usr/bin/env bats
# Who a process is, and who a guest is: other users of this host, who can give a process any arguments and bind any free port.
load helper

setup_file() {
	home_begin
	cp "$REPO/examples/tiny.yaml" "$WORK/t.yaml"
	sed -i "s|\.\./build|$REPO/build|" "$WORK/t.yaml"
}

teardown_file() {
	[ -z "${STRANGERS:-}" ] || kill $STRANGERS 2>/dev/null || true
	home_end
}

# A process of another user with these words. Only root can play one; for an ordinary user it is root, who waits for his password.
stranger() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups sh -c 'sleep 300; :' sh "$@" 3>&- &
	else
		sleep 300 3>&- | su root -- "$@" >/dev/null 2>&1 3>&- &
	fi
	STRANGER=$! STRANGERS+=" $!"
	timeout 10 bash -c 'until grep -qs -- "$1" /proc/[0-9]*/cmdline; do sleep 0.02; done' _ "${*: -1}"
}

@test "another user's process is neither the machine nor its host agent of an instance that is stopped" {
	limactl create --name s "$WORK/t.yaml"
	stranger -pidfile "$LIMA_HOME/s/qemu.pid"
	echo "$STRANGER" >"$LIMA_HOME/s/qemu.pid"
	stranger --pidfile "$LIMA_HOME/s/ha.pid"
	echo "$STRANGER" >"$LIMA_HOME/s/ha.pid"
	[ "$(limactl list s --format '{{.Status}}')" = Stopped ]
	limactl stop -f s
	limactl delete -f s
	[ ! -e "$LIMA_HOME/s" ]
}

@test "a machine is started, not taken over, where another user's process has its words" {
	limactl create --name t "$WORK/t.yaml"
	stranger -pidfile "$LIMA_HOME/t/qemu.pid"
	echo "$STRANGER" >"$LIMA_HOME/t/qemu.pid"
	limactl start t
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" != "$STRANGER" ]
	grep -q qemu-system "/proc/$(cat "$LIMA_HOME/t/qemu.pid")/cmdline"
	run ! grep -q "taken over" "$LIMA_HOME/t/ha.stderr.log"
	[ "$(limactl shell t echo hello)" = hello ]
}

@test "a killed host agent's successor takes over the machine, not the stranger" {
	qemu=$(cat "$LIMA_HOME/t/qemu.pid")
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	apply t
	grep -q "process $qemu, runs already" "$LIMA_HOME/t/ha.stderr.log"
}

@test "stop and delete end the machine and leave the stranger alone" {
	stranger -pidfile "$LIMA_HOME/t/qemu.pid"
	limactl stop t
	limactl delete t
	[ ! -e "$LIMA_HOME/t" ]
	kill -0 "$STRANGER"
}

# --- who a guest is ---

# An SSH server of somebody else on the instance's port, who lets the instance's own key in.
thief() {
	mkdir -p "$WORK/thief" /run/sshd 2>/dev/null || true
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/thief/host" <<<y >/dev/null
	cat >"$WORK/thief/config" <<-EOF
		ListenAddress 127.0.0.1:$1
		HostKey $WORK/thief/host
		AuthorizedKeysFile $LIMA_HOME/_config/user.pub
		PidFile $WORK/thief/pid
		StrictModes no
		UsePAM no
		PermitRootLogin yes
	EOF
	/usr/sbin/sshd -f "$WORK/thief/config" -E "$WORK/thief/log"
	timeout 10 bash -c 'until [ -s "$1" ]; do sleep 0.05; done' _ "$WORK/thief/pid"
	STRANGERS+=" $(cat "$WORK/thief/pid")"
}

@test "a guest is known by the host key that it was given, to ssh and to limactl" {
	limactl start --name k --tty=false "$WORK/t.yaml"
	[ "$(stat -c %a "$LIMA_HOME/k/ssh_host_ed25519_key")" = 600 ]
	key=$(ssh-keygen -y -f "$LIMA_HOME/k/ssh_host_ed25519_key" | cut -d' ' -f1,2)
	[ "$(cat "$LIMA_HOME/k/ssh_known_hosts")" = "* $key" ]
	grep -q "StrictHostKeyChecking yes" "$LIMA_HOME/k/ssh.config"
	run ! grep -q /dev/null "$LIMA_HOME/k/ssh.config"
	[ "$(ssh -F "$LIMA_HOME/k/ssh.config" lima-k echo hello)" = hello ]
	echo there >"$WORK/f"
	limactl copy --backend=sftp "$WORK/f" k:/tmp/f
	limactl shell k grep -q there /tmp/f
	# the private half is for root there, and for nobody here
	run ! limactl shell k cat /mnt/lima-cidata/ssh_host_ed25519_key
	run ! grep -q "PRIVATE KEY" "$LIMA_HOME/k/cloud-config.yaml"
	run -0 limactl plan k
	[[ $output == *"Nothing to do"* ]]
}

@test "who listens on the port of a machine that is down is not the guest" {
	port=$(awk '$1 == "Port" { print $2 }' "$LIMA_HOME/k/ssh.config")
	limactl stop k
	thief "$port"
	run ! ssh -F "$LIMA_HOME/k/ssh.config" -l "$(id -un)" lima-k true
	[[ $output == *"Host key verification failed"* ]]
}

@test "a guest of an older version, with a host key of its own, is known from its next boot on" {
	port=$(awk '$1 == "Port" { print $2 }' "$LIMA_HOME/k/ssh.config")
	kill "$(cat "$WORK/thief/pid")"
	rm -f "$LIMA_HOME/k/ssh_host_ed25519_key" "$LIMA_HOME/k/ssh_known_hosts"
	sed -i 's/StrictHostKeyChecking yes/StrictHostKeyChecking no/; s|UserKnownHostsFile .*|UserKnownHostsFile /dev/null|' "$LIMA_HOME/k/ssh.config"
	sed -i 's/NoHostAuthenticationForLocalhost no/NoHostAuthenticationForLocalhost yes/' "$LIMA_HOME/k/ssh.config"
	apply k
	limactl start k
	key=$(ssh-keygen -y -f "$LIMA_HOME/k/ssh_host_ed25519_key" | cut -d' ' -f1,2)
	[ "$(cat "$LIMA_HOME/k/ssh_known_hosts")" = "* $key" ]
	[ "$(limactl shell k echo hello)" = hello ]
	run -0 limactl plan k
	[[ $output == *"Nothing to do"* ]]
}

@test "a running machine of an older version stays reachable, and is not restarted" {
	qemu=$(cat "$LIMA_HOME/k/qemu.pid")
	rm -f "$LIMA_HOME/k/ssh_host_ed25519_key" "$LIMA_HOME/k/ssh_known_hosts"
	sed -i 's/StrictHostKeyChecking yes/StrictHostKeyChecking no/; s|UserKnownHostsFile .*|UserKnownHostsFile /dev/null|' "$LIMA_HOME/k/ssh.config"
	apply k
	[ "$(cat "$LIMA_HOME/k/qemu.pid")" = "$qemu" ]
	grep -q "StrictHostKeyChecking no" "$LIMA_HOME/k/ssh.config"
	[ "$(limactl shell k echo hello)" = hello ]
}

@test "a copy of an instance has a host key of its own" {
	limactl stop k
	limactl clone k c --tty=false
	! cmp "$LIMA_HOME/k/ssh_host_ed25519_key" "$LIMA_HOME/c/ssh_host_ed25519_key"
	limactl start c
	key=$(ssh-keygen -y -f "$LIMA_HOME/c/ssh_host_ed25519_key" | cut -d' ' -f1,2)
	[ "$(cat "$LIMA_HOME/c/ssh_known_hosts")" = "* $key" ]
	limactl stop c
	limactl rename c d
	limactl start d
	[ "$(limactl shell d echo hello)" = hello ]
}

# a folder that another user has made, with what a stranger would put there
strange_home() {
	mkdir -p "$1/_config" "$1/mine"
	printf 'mounts:\n- location: /etc\n  writable: true\n' >"$1/_config/override.yaml"
	cold_yaml >"$1/mine/lima.yaml"
	chown -R 65534:65534 "$1"
}

@test "a home that another user could have put there is not used, nor what he put into one that is open to all" {
	[ "$(id -u)" = 0 ] || return 0	# only root can play two users, and its own files are nobody's attack
	mkdir -m 1777 "$WORK/tmp"
	strange_home "$WORK/tmp/lima"
	cold_yaml >"$WORK/c.yaml"
	for words in list "plan $WORK/c.yaml" "create --tty=false $WORK/c.yaml" 'start mine' 'delete -f mine'; do
		LIMA_HOME=$WORK/tmp/lima fails_with "$WORK/tmp/lima belongs to another user (uid 65534), who could have put it there" $words
		LIMA_HOME=$WORK/tmp/lima/below fails_with "$WORK/tmp/lima belongs to another user" $words
	done
	[ ! -e "$WORK/tmp/lima/_state" ]
	# open to all, and ours
	mkdir -m 777 "$WORK/open"
	LIMA_HOME=$WORK/open limactl create --tty=false "$WORK/c.yaml"
	LIMA_HOME=$WORK/open limactl delete -f c
	mkdir "$WORK/open/_templates" && chown 65534 "$WORK/open/_templates"
	LIMA_HOME=$WORK/open fails_with "$WORK/open/_templates belongs to another user" list
	rmdir "$WORK/open/_templates"
	mkdir "$WORK/open/mine" && cold_yaml >"$WORK/open/mine/lima.yaml" && chown 65534 "$WORK/open/mine"
	LIMA_HOME=$WORK/open fails_with "$WORK/open/mine belongs to another user" list
	# a volume of a container, of whatever user: nobody but us leads to it
	mkdir "$WORK/volume" && chown 65534 "$WORK/volume"
	LIMA_HOME=$WORK/volume limactl create --tty=false "$WORK/c.yaml"
	LIMA_HOME=$WORK/volume limactl delete -f c
}

@test "a link that another user has left where everybody makes files is not written through" {
	[ "$(id -u)" = 0 ] || return 0	# as above
	mkdir -m 1777 "$WORK/shared"
	cold_yaml >"$WORK/linked.yaml"
	limactl create --tty=false "$WORK/linked.yaml"
	echo mine >"$WORK/victim"
	for f in r.xml b.tar.zst t.yaml; do
		ln -s "$WORK/victim" "$WORK/shared/$f"
		chown -h 65534 "$WORK/shared/$f"
	done
	fails_with 'r.xml: is a link that another user (uid 65534) has made' apply --stopped --junit "$WORK/shared/r.xml" linked
	fails_with 'is a link that another user' diagnose --output "$WORK/shared/b.tar.zst" linked
	fails_with 'is a link that another user' template copy "$WORK/linked.yaml" "$WORK/shared/t.yaml"
	[ "$(cat "$WORK/victim")" = mine ]
	# a link of one's own, and one in a folder where nobody else makes any
	ln -s "$WORK/victim" "$WORK/shared/own.yaml"
	limactl template copy "$WORK/linked.yaml" "$WORK/shared/own.yaml"
	grep -q raw.img "$WORK/victim"
	cp -P "$WORK/shared/r.xml" "$WORK/r.xml" && chown -h 65534 "$WORK/r.xml"
	limactl apply --stopped --junit "$WORK/r.xml" linked
	limactl delete -f linked
}
