# External drivers: over upstream's wire, by one of ours that plays a machine (drivers/play), well and badly.
load helper

setup() {
	home_begin
	mkdir "$WORK/drivers"
	export LIMA_DRIVERS_PATH=$WORK/drivers
	driver play
	player play >"$WORK/f.yaml"
}

teardown() { home_end; }

# driver NAME [OPTION...]: there is one of that name, which plays so
driver() {
	local name=$1
	shift
	{
		echo '#!/bin/bash'
		printf 'exec -a "$0" %q' "$BIN/../drivers/lima-driver-play"
		[ $# -eq 0 ] || printf ' %q' "$@"
		echo ' "$@"'
	} >"$WORK/drivers/lima-driver-$name"
	chmod +x "$WORK/drivers/lima-driver-$name"
}

player() {
	fake_yaml | sed "s/^vmType: .*/vmType: $1/"
}

# Neither limactl nor another instance is touched by what the driver of `bad` does.
others_go_on() {
	[ "$(status_of f)" = Running ]
	limactl list >/dev/null
}

@test "start, stop, restart, delete by an external driver: each process takes its own files away" {
	apply "$WORK/f.yaml"
	[ "$(status_of f)" = Running ]
	[ "$(tell f ready)" = ok ]
	[ -s "$LIMA_HOME/f/play.drv.pid" ]
	[ -S "$LIMA_HOME/f/play.drv.sock" ]
	[ "$(stat -c %a "$LIMA_HOME/f/play.drv.sock")" = 700 ]
	one=$(cat "$LIMA_HOME/f/play.drv.pid")
	limactl restart f
	[ "$(cat "$LIMA_HOME/f/play.drv.pid")" != "$one" ]
	limactl stop f
	[ "$(status_of f)" = Stopped ]
	run ls "$LIMA_HOME/f"
	[[ $output != *.drv.* && $output != *external.pid* && $output != *external.sock* && $output != *fake.pid* ]] || { echo "$output"; false; }
	nobody
	limactl start f
	limactl delete -f f
	[ ! -e "$LIMA_HOME/f" ]
	nobody
}

@test "the driver is told of the instance as upstream tells it, and of nothing of the shell's" {
	SECRET_TOKEN=x apply "$WORK/f.yaml"
	python3 - "$LIMA_HOME/f" <<-'EOF'
		import json, sys
		d = json.load(open(sys.argv[1] + "/external.json"))
		assert d["dir"] == sys.argv[1] and d["name"] == "f" and d["vmType"] == "play" and d["cpus"] == 1, d
		assert d["memory"] == 64 << 20 and d["disk"] == 4 << 20 and d["sshLocalPort"] > 0 and d["config"]["vmType"] == "play", d
		pid = open(sys.argv[1] + "/play.drv.pid").read()
		assert "SECRET_TOKEN" not in open(f"/proc/{pid}/environ").read()
	EOF
	# its names are others' here
	(
		load ../e2e/table
		as_in_table 'lima-drive and an external driver' "$(cat "$LIMA_HOME/f/external.pid")"
		as_in_table 'lima-drive and an external driver' "$(cat "$LIMA_HOME/f/play.drv.pid")"
	)
}

@test "snapshots of a running machine are the driver's" {
	apply "$WORK/f.yaml"
	limactl snapshot create --tag one f
	limactl snapshot create --tag two f
	[ "$(limactl snapshot list --quiet f | tr '\n' ' ')" = 'one two ' ]
	limactl snapshot apply --tag one f
	limactl snapshot delete --tag one f
	[ "$(limactl snapshot list --quiet f)" = two ]
	[ "$(status_of f)" = Running ]
}

@test "what a driver does not take is told before anything is started" {
	limactl start --tty=false "$WORK/f.yaml"
	driver bad --refuse Validate
	player bad >"$WORK/bad.yaml"
	fails_with 'lima-driver-bad: Validate: not ?[31mtoday' start --tty=false "$WORK/bad.yaml"
	[ "$(status_of bad)" = Stopped ]
	driver bad --refuse Create
	fails_with 'lima-driver-bad: Create: not ?[31mtoday' start bad
	driver bad --machine '--refuse nothing' --refuse Start
	fails_with 'lima-driver-bad: Start: not ?[31mtoday' start bad
	driver bad --moves
	fails_with 'the address of its guest is known only once that runs' start bad
	driver bad
	limactl start bad
	others_go_on
}

# lima-drive of an instance: how it ends
drive() {
	timeout 60 "$BIN/../libexec/lima/lima-drive" --name bad --program "$WORK/drivers/lima-driver-bad" --dir "$LIMA_HOME/bad" \
		--instance "$LIMA_HOME/f/external.json" --pidfile "$LIMA_HOME/bad/external.pid" --control "$LIMA_HOME/bad/external.sock" "$@"
}

@test "a driver that dies, lies, floods or hangs, at each call, ends its own process and nothing else" {
	limactl start --tty=false "$WORK/f.yaml"
	player bad >"$WORK/bad.yaml"
	driver bad
	limactl create --tty=false "$WORK/bad.yaml"
	for method in Info Configure Validate Create CreateDisk Start AdditionalSetupForSSH; do
		for how in die lie flood hang; do
			case $how/$method in
			# What it says there is nothing, and nothing is read of it.
			lie/Validate | lie/Create* | lie/Additional*) continue ;;
			esac
			driver bad "--$how" "$method"
			patience=()
			[ "$how" != hang ] || patience=(--patience-ms 2000)
			run drive "${patience[@]}"
			[ "$status" -eq 1 ] || { echo "$how $method: status $status: $output"; false; }
			[ "${#output}" -lt 300000 ]
			case $how in
			die) want='it has ended' ;;
			hang) want="$method: no answer in 2 s" ;;
			*) want="lima-driver-bad: $method" ;;
			esac
			[[ $output == *"$want"* ]] || { echo "$how $method: ${output: -500}"; false; }
			run ls "$LIMA_HOME/bad"
			[[ $output != *.drv.* ]] || { echo "$how $method: $output"; false; }
		done
	done
	for how in die lie flood; do
		driver bad "--$how" Start
		fails_with lima-driver-bad: start bad
		[ "$(status_of bad)" = Stopped ]
	done
	others_go_on
	driver bad
	limactl start bad
	[ "$(status_of bad)" = Running ]
}

@test "a driver that hangs is given its time by limactl and no more, and is gone then" {
	limactl start --tty=false "$WORK/f.yaml"
	player bad >"$WORK/bad.yaml"
	driver bad --hang Validate
	fails_with 'lima-driver-bad: Validate: no answer in 10 s' start --tty=false "$WORK/bad.yaml"
	others_go_on
	[ "$(status_of bad)" = Stopped ]
	run ! pgrep -f -- "--inst-dir $LIMA_HOME/bad"
}

@test "a driver that does not stop its machine is ended by force, one that dies takes it along" {
	driver play --hang Stop
	limactl start --tty=false "$WORK/f.yaml"
	run -0 --separate-stderr limactl stop --timeout 1s f
	[ "$(status_of f)" = Stopped ]
	nobody
	driver play
	limactl start f
	kill -9 "$(cat "$LIMA_HOME/f/play.drv.pid")"
	for _ in {1..300}; do
		[ "$(status_of f)" = Running ] || break
		sleep 0.1
	done
	[ "$(status_of f)" = Stopped ]
	nobody
	limactl start f
	[ "$(status_of f)" = Running ]
}

@test "what is left of a driver is found and ended by stop --force and delete --force, and another's process is not" {
	apply "$WORK/f.yaml"
	driver=$(cat "$LIMA_HOME/f/play.drv.pid")
	kill -9 "$(cat "$LIMA_HOME/f/ha.pid")"
	[ -d "/proc/$driver" ]
	limactl stop --force f
	[ "$(status_of f)" = Stopped ]
	[ ! -d "/proc/$driver" ]
	nobody
	# one that nobody of ours has started, and a number that is somebody else's
	"$WORK/drivers/lima-driver-play" --inst-dir "$LIMA_HOME/f" 3>&- &
	orphan=$!
	sleep 60 3>&- &
	other=$!
	for _ in {1..100}; do
		[ ! -S "$LIMA_HOME/f/play.drv.sock" ] || break
		sleep 0.1
	done
	echo $other >"$LIMA_HOME/f/play.drv.pid"
	limactl delete --force f
	[ ! -d "/proc/$orphan" ] || grep -q '^State:.Z' "/proc/$orphan/status"
	kill $other
}

@test "a driver that is gone is told of with its name" {
	limactl create --tty=false "$WORK/f.yaml"
	rm "$WORK/drivers/lima-driver-play"
	fails_with lima-driver-play start f
	[ "$(limactl list --format '{{.Name}} {{.VMType}}')" = 'f play' ]
	limactl delete f
}

# What an instance's lima-drive answers to a line.
ask_drive() {
	python3 - "$1/external.sock" "$2" <<-'PY'
		import socket, sys, time
		for _ in range(600):
		    try:
		        s = socket.socket(socket.AF_UNIX)
		        s.connect(sys.argv[1])
		        break
		    except OSError:
		        time.sleep(0.1)
		s.settimeout(60)
		s.sendall(sys.argv[2].encode() + b"\n")
		print(s.recv(1000).decode(), end="")
	PY
}

@test "our QEMU, served as an external driver: begun, asked, quit, and gone when its driver is killed" {
	ln -s "$REPO/${B:-build}/libexec/lima/lima-driver-qemu" "$WORK/drivers/lima-driver-bad"
	player bad | sed 's/^plain: .*/plain: true/' >"$WORK/bad.yaml"
	limactl create --tty=false "$WORK/bad.yaml"
	limactl start --tty=false "$WORK/f.yaml"
	sed "s,$LIMA_HOME/f\",$LIMA_HOME/bad\"," "$LIMA_HOME/f/external.json" >"$WORK/instance.json"
	"$BIN/../libexec/lima/lima-drive" --name bad --program "$WORK/drivers/lima-driver-bad" --dir "$LIMA_HOME/bad" --instance "$WORK/instance.json" \
		--validate
	# whatever its folder is called
	mkdir -m 700 "$WORK/it's \"1\""
	"$BIN/../libexec/lima/lima-drive" --name bad --program "$WORK/drivers/lima-driver-bad" --dir "$WORK/it's \"1\"" --instance "$WORK/instance.json" \
		--validate
	for end in quit kill; do
		"$BIN/../libexec/lima/lima-drive" --name bad --program "$WORK/drivers/lima-driver-bad" --dir "$LIMA_HOME/bad" --instance "$WORK/instance.json" \
			--pidfile "$LIMA_HOME/bad/external.pid" --control "$LIMA_HOME/bad/external.sock" 2>"$WORK/said" 3>&- &
		drive=$!
		[ "$(ask_drive "$LIMA_HOME/bad" up)" = ok ] || { cat "$WORK/said"; false; }
		qemu=$(cat "$LIMA_HOME/bad/qemu.pid")
		grep -q "^NoNewPrivs:.1" "/proc/$qemu/status"
		[[ $(ask_drive "$LIMA_HOME/bad" "snapshot-create a/b") == *"must consist of letters"* ]]
		if [ "$end" = quit ]; then
			[ "$(ask_drive "$LIMA_HOME/bad" quit)" = ok ]
		else
			kill -9 "$(cat "$LIMA_HOME/bad/bad.drv.pid")"
		fi
		wait $drive || [ "$end" = kill ]
		run ! kill -0 "$qemu"
		[ ! -e "$LIMA_HOME/bad/bad.drv.sock" ]
		[ ! -e "$LIMA_HOME/bad/bad.drv.pid" ]
	done
}
