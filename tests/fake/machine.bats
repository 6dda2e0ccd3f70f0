# Machine, readiness, forwards, start, stop and restart, by a machine that only plays one.
load helper

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
}

teardown() { home_end; }

@test "start, stop, restart, delete: each does what it says, and leaves nothing behind" {
	apply "$WORK/f.yaml"
	[ "$(status_of f)" = Running ]
	[ "$(tell f ready)" = ok ]
	one=$(cat "$LIMA_HOME/f/fake.pid")
	limactl restart f
	[ "$(status_of f)" = Running ]
	[ "$(cat "$LIMA_HOME/f/fake.pid")" != "$one" ]
	limactl stop f
	[ "$(status_of f)" = Stopped ]
	[ ! -e "$LIMA_HOME/f/fake.pid" ]
	[ ! -e "$LIMA_HOME/f/fake.sock" ]
	[ ! -e "$LIMA_HOME/f/ha.sock" ]
	nobody
	limactl start f
	limactl delete -f f
	[ ! -e "$LIMA_HOME/f" ]
	nobody
}

@test "list shortens the folder of an instance by the home of its user alone, not by one whose path begins like it" {
	limactl create --tty=false "$WORK/f.yaml"
	HOME=${WORK%?} limactl list | grep -F " $LIMA_HOME/f"
	HOME=$LIMA_HOME limactl list | grep -F ' ~/f'
}

@test "apply of a name leaves it stopped or running; --running and --stopped say which, also with --all" {
	limactl create --tty=false "$WORK/f.yaml"
	limactl apply --set '.message="one"' f
	[ "$(status_of f)" = Stopped ]
	[[ $(limactl plan --running f) == *"+ vm"* ]]
	apply --running --set '.message="two"' f
	[ "$(status_of f)" = Running ]
	apply f
	[ "$(status_of f)" = Running ]
	apply --stopped --all
	[ "$(status_of f)" = Stopped ]
	apply --running --all
	[ "$(status_of f)" = Running ]
	fails_with 'one of the two' apply --running --stopped f
}

@test "a port that another program has is told before the machine that runs is taken down for it" {
	apply "$WORK/f.yaml"
	one=$(cat "$LIMA_HOME/f/fake.pid")
	python3 -c 'import socket, sys, time; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); time.sleep(60)' >"$WORK/port" 3>&- &
	holder=$!
	timeout 20 bash -c 'until [ -s "$1" ]; do sleep 0.05; done' _ "$WORK/port"
	fails_with '); stop that, or set ssh.localPort to another' apply --set ".ssh.localPort=$(cat "$WORK/port")" f
	kill $holder
	[ "$(status_of f)" = Running ]
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	[[ $(limactl plan f) == *"Nothing to do"* ]]
}

@test "an instance whose forward never came to be is deleted like any other" {
	for _ in 1 2 3 4 5; do
		fails_with 'address not available' apply --set '.portForwards=[{"guestPort":80,"hostIP":"203.0.113.9","static":true}]' "$WORK/f.yaml"
		run -0 limactl delete -f f
		[ ! -e "$LIMA_HOME/f" ]
	done
	nobody
}

@test "what a change costs: a restart where the machine must know, nothing where it need not" {
	apply "$WORK/f.yaml"
	one=$(cat "$LIMA_HOME/f/fake.pid")
	apply --set '.message="hello"' f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	apply --set '.cpus=2' f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" != "$one" ]
}

@test "a guest that takes long is waited for, and one that never comes up is told of with its console" {
	began=$SECONDS
	FAKE='--ready-ms 1500' apply "$WORK/f.yaml"
	[ $((SECONDS - began)) -ge 1 ]
	limactl stop f
	FAKE='--fail no-root-file-system' run limactl start f
	[ "$status" -ne 0 ]
	[[ "$output" == *no-root-file-system* ]]
	[ "$(status_of f)" = Running ]
}

@test "time is up for a guest that does not get ready: it runs, and may get ready later" {
	limactl create "$WORK/f.yaml"
	run env LIMA_FAKE_MACHINE='--ready-ms 600000' timeout 60 "$BIN/limactl" start --timeout 3s f
	[ "$status" -ne 0 ]
	[[ "$output" == *"not ready"* ]]
	[ "$(status_of f)" = Running ]
	tell f get-ready
	apply f
}

@test "a machine that refuses to start says why, and the next apply starts it" {
	FAKE='--refuse no-such-hardware' run limactl apply "$WORK/f.yaml"
	[ "$status" -ne 0 ]
	[[ "$output" == *"no-such-hardware"* ]]
	nobody
	apply "$WORK/f.yaml"
}

@test "a machine that dies while it boots is told of, with its status" {
	FAKE='--dies-ms 300 --ready-ms 60000' run limactl apply "$WORK/f.yaml"
	[ "$status" -ne 0 ]
	[[ "$output" == *"exit status 3"* ]]
	[ "$(status_of f)" = Stopped ]
	nobody
	apply "$WORK/f.yaml"
}

@test "a machine that dies later is started again, by what plan says before" {
	apply "$WORK/f.yaml"
	tell f 'die 7'
	wait_gone "$LIMA_HOME/f/ha.pid"
	[ "$(status_of f)" = Stopped ]
	run limactl plan
	[[ "$output" == *"+ vm"* ]]
	apply f
	[ "$(status_of f)" = Running ]
}

@test "a machine killed, or its host agent, or both: the next apply puts it right" {
	apply "$WORK/f.yaml"
	machine=$(cat "$LIMA_HOME/f/fake.pid")
	kill -9 "$(cat "$LIMA_HOME/f/ha.pid")"
	apply f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$machine" ]
	kill -9 "$machine"
	wait_gone "$LIMA_HOME/f/ha.pid"
	apply f
	kill -9 "$(cat "$LIMA_HOME/f/ha.pid")" "$(cat "$LIMA_HOME/f/fake.pid")"
	wait_gone "$LIMA_HOME/f/fake.pid"
	apply f
	[ "$(status_of f)" = Running ]
}

@test "a guest that is deaf to the power button is told to quit, by the agent and without one" {
	FAKE=--deaf apply "$WORK/f.yaml"
	limactl stop -f f
	nobody
	FAKE=--deaf limactl start f
	kill -9 "$(cat "$LIMA_HOME/f/ha.pid")"
	limactl stop -f f
	nobody
	[ "$(status_of f)" = Stopped ]
}

@test "a machine that answers nothing any more is killed by force" {
	apply "$WORK/f.yaml"
	tell f hang
	limactl stop -f f
	nobody
	[ ! -e "$LIMA_HOME/f/fake.sock" ]
}

@test "a forward leads to a port of the guest, for several at once, and goes with the machine" {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	apply --set ".portForwards=[{\"guestPort\":80,\"hostPort\":$port,\"static\":true}]" "$WORK/f.yaml"
	python3 - "$port" <<-'EOF'
		import socket, sys
		c = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) for i in range(8)]
		for i, s in enumerate(c):
		    s.settimeout(10)
		    s.sendall(b"%d" % i)
		for i, s in enumerate(c):
		    want, got = b"port 80 of the guest\n%d" % i, b""
		    while len(got) < len(want):
		        got += s.recv(1000)
		    assert got == want, got
	EOF
	limactl stop f
	run ! python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 5)"
}

@test "the types of machines that there are are named" {
	[ "$(limactl create --list-drivers | tr '\n' ' ')" = 'qemu fake ' ]
	limactl info | python3 -c 'import json, sys; d = json.load(sys.stdin); assert d["vmTypes"] == ["qemu", "fake"] and "fake" in d["vmTypesEx"]'
	fails_with 'not a registered driver' create --set '.vmType="other"' "$WORK/f.yaml"
	mkdir "$WORK/drivers"
	printf '#!/bin/sh\n' | tee "$WORK/drivers/lima-driver-vz" >"$WORK/drivers/lima-driver-qemu"
	chmod +x "$WORK"/drivers/*
	export LIMA_DRIVERS_PATH=$WORK/drivers
	[ "$(limactl start --list-drivers | tr '\n' ' ')" = 'qemu fake vz ' ]
	limactl info | python3 -c 'import json, sys; d = json.load(sys.stdin); assert d["vmTypesEx"]["vz"]["location"].endswith("/drivers/lima-driver-vz"), d; assert "vz" in d["vmTypes"]'
	[[ $(limactl __complete create --vm-type '') == *"vz"$'\t'"$WORK/drivers/lima-driver-vz"* ]]
	unset LIMA_DRIVERS_PATH
	for type in vz wsl2; do
		fails_with "needs the program lima-driver-$type, which is not on this Linux host" create --set ".vmType=\"$type\"" "$WORK/f.yaml"
	done
	fails_with 'lima-driver-krunkit in PREFIX/libexec/lima/drivers' create --set '.vmType="krunkit"' "$WORK/f.yaml"
	# the product knows none of tests
	[ "$("$REPO/${B:-build}/bin/limactl" create --list-drivers)" = qemu ]
}

@test "stop --timeout: a guest that does not listen has so long, and no longer" {
	FAKE=--deaf limactl start --tty=false "$WORK/f.yaml"
	run -0 --separate-stderr limactl stop --timeout 1s f
	[[ $stderr == *"f: the guest has not shut down in 1 s: its machine is ended"* ]]
	[ "$(status_of f)" = Stopped ]
	nobody
	limactl start --tty=false f
	run -0 --separate-stderr limactl stop --timeout 2m f
	[[ $stderr != *"its machine is ended"* ]]
	run -0 limactl stop --help
	[[ $output == *"How long a guest may take to shut down"* ]]
	run -0 limactl delete --help
	[[ $output != *--timeout* ]]
}

@test "a host that lacks what a machine needs is told before the old machine goes, and not when nothing is to be made" {
	apply "$WORK/f.yaml"
	one=$(cat "$LIMA_HOME/f/fake.pid")
	export LIMA_FAKE_HOST=fake-program
	fails_with 'fake-program: not found' restart f
	fails_with 'fake-program: not found' apply --set '.cpus=2' f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	fails_with 'fake-program: not found' apply --set '.cpus=2' "$WORK/f.yaml"
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	[ "$(status_of f)" = Running ]
	run limactl plan f
	[[ "$output" == *"Nothing to do"* ]]
	kill -9 "$(cat "$LIMA_HOME/f/ha.pid")"
	limactl apply f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	limactl stop f
	fails_with 'fake-program: not found' start f
	limactl delete f
}

@test "an older database under a running machine is not believed: what runs is looked at" {
	apply "$WORK/f.yaml"
	cp "$LIMA_HOME/_state/state.db" "$WORK/older.db"
	apply --set '.cpus=2' f
	two=$(cat "$LIMA_HOME/f/fake.pid")
	cat "$WORK/older.db" >"$LIMA_HOME/_state/state.db"
	run limactl plan f
	[[ "$output" != *" vm "* ]] || { echo "$output"; false; }
	limactl apply f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$two" ]
	cat "$WORK/older.db" >"$LIMA_HOME/_state/state.db"
	run limactl plan --set '.cpus=1' f
	[[ "$output" == *"-/+ vm"* ]] || { echo "$output"; false; }
	# and one in which it does not run: it is neither started beside the other, nor forgotten
	limactl stop f
	cp "$LIMA_HOME/_state/state.db" "$WORK/older.db"
	limactl start f
	three=$(cat "$LIMA_HOME/f/fake.pid")
	cat "$WORK/older.db" >"$LIMA_HOME/_state/state.db"
	limactl start f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$three" ]
	[ "$three" != "$two" ]
	cat "$WORK/older.db" >"$LIMA_HOME/_state/state.db"
	limactl stop -f f
	nobody
}

@test "an older database does not take down, nor delete, a machine that was started since" {
	apply "$WORK/f.yaml"
	limactl stop f
	cp "$LIMA_HOME/_state/state.db" "$WORK/stopped.db"
	run env LIMACTL_TEST_KILL_AT=1 "$BIN/limactl" delete f
	cp "$LIMA_HOME/_state/state.db" "$WORK/half.db"
	limactl apply --running f
	one=$(cat "$LIMA_HOME/f/fake.pid")
	cat "$WORK/stopped.db" >"$LIMA_HOME/_state/state.db"
	run -0 limactl plan f
	[[ "$output" != *" vm "* ]] || { echo "$output"; false; }
	limactl apply f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	limactl plan f | grep -q 'Nothing to do'
	# what was asked of the machine that runs is done with it, also by the next one
	run env LIMACTL_TEST_KILL_AT=1 "$BIN/limactl" stop f
	limactl apply f
	[ "$(status_of f)" = Stopped ]
	limactl start f
	cat "$WORK/half.db" >"$LIMA_HOME/_state/state.db"
	fails_with 'half deleted' plan f
	fails_with 'half deleted' apply f
	[ -s "$LIMA_HOME/f/disk" ]
	limactl apply --running f
	[ "$(status_of f)" = Running ]
	limactl delete -f f
	nobody
}

@test "all that was seen is deleted under a running machine: the machine is what it was, and what differs is seen" {
	apply "$WORK/f.yaml"
	one=$(cat "$LIMA_HOME/f/fake.pid")
	rm -rf "$LIMA_HOME/_state"
	run limactl plan f
	[[ "$output" == *"Nothing to do"* ]] || { echo "$output"; false; }
	sed -i 's/^cpus:.*/cpus: 3/' "$LIMA_HOME/f/lima.yaml"
	run limactl plan f
	[[ "$output" == *"-/+ vm"*"cpus: 1 -> 3"* ]] || { echo "$output"; false; }
	rm -rf "$LIMA_HOME/_state"
	limactl stop f
	[ "$(status_of f)" = Stopped ]
	run ! kill -0 "$one"
}

@test "a host agent that hangs: its instance is unknown and left as it is, the others are not" {
	apply "$WORK/f.yaml"
	apply --name g "$WORK/f.yaml"
	kill -STOP "$(cat "$LIMA_HOME/f/ha.pid")"
	run limactl plan
	[ "$status" -eq 1 ]
	[[ $output == *'Nothing to do: 1 instance is as wanted.'*'? f  (unknown: '*'the host agent does not answer'* ]]
	one=$(cat "$LIMA_HOME/f/fake.pid")
	run limactl apply --set '.message="hello"' f g
	[ "$status" -eq 1 ]
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	limactl plan g | grep 'Nothing to do: 1 instance'
	kill -CONT "$(cat "$LIMA_HOME/f/ha.pid")"
	limactl plan g f --set '.message="hello"' | grep '~ dir *f'
}

# something of that kind in the place of a file of an instance
in_its_place() {
	rm -rf "$1"
	case $2 in
	empty) : >"$1" ;;
	folder) mkdir "$1" ;;
	full) mkdir "$1" && echo mine >"$1/x" ;;
	dangling) ln -s /nonexistent/x "$1" ;;
	link) ln -s "$WORK/victim" "$1" ;;
	fifo) mkfifo "$1" ;;
	esac
}

@test "what lies in the place of pid files, sockets, logs and notes of a run keeps no machine from starting, nor from going" {
	echo mine >"$WORK/victim"
	limactl create --tty=false --name w "$WORK/f.yaml"
	limactl start w
	limactl stop w
	cp -a "$LIMA_HOME/w" "$WORK/kept"
	for file in ha.pid ha.sock ha.stderr.log ha.stdout.log serial.log launch.json launch.facts fake.pid fake.sock lima-version warm ssh_host_ed25519_key; do
		for kind in empty full dangling link fifo; do
			[[ $kind != empty || $file = lima-version || $file = *_key ]] || continue
			rm -rf "$LIMA_HOME/w" && cp -a "$WORK/kept" "$LIMA_HOME/w"
			in_its_place "$LIMA_HOME/w/$file" "$kind"
			limactl plan w >"$WORK/out" || { echo "plan: $file $kind"; false; }
			LIMIT=90 limactl start w || { echo "start: $file $kind"; false; }
			limactl stop w
			# what somebody has put into a folder there is moved aside
			[ "$kind" != full ] || [ "$(cat "$LIMA_HOME/w/$file"*/x)" = mine ] || { echo "gone: $file $kind"; false; }
		done
	done
	[ "$(cat "$WORK/victim")" = mine ]
	for file in ha.stdout.log fake.pid fake.sock memory warm; do
		for kind in folder full dangling fifo; do
			rm -rf "$LIMA_HOME/w" && cp -a "$WORK/kept" "$LIMA_HOME/w"
			in_its_place "$LIMA_HOME/w/$file" "$kind"
			limactl delete -f w || { echo "delete: $file $kind"; false; }
			[ ! -e "$LIMA_HOME/w" ]
		done
	done
}
