#!/usr/bin/env bats
# The command lines of programs that stand on limactl, word for word, and what they read of the answers: Colima, Rancher
# Desktop, Finch. The first half needs no machine; from "start" on there is one tiny guest, in order.
load helper

setup_file() {
	home_begin
	sed -e "s/^cpus: 1$/cpus: 2/" -e "s|\.\./build|$REPO/build|" "$REPO/examples/tiny.yaml" >"$WORK/colima.yaml"
	export PATH="$BIN:$PATH"
}

teardown_file() {
	home_end
}

# exits STATUS STDOUT STDERR WORDS...: STDERR is a part of it, or - for nothing
exits() {
	local status_wanted=$1 out=$2 err=$3
	shift 3
	run --separate-stderr limactl "$@"
	[ "$status" -eq "$status_wanted" ] || { echo "limactl $*: exit status $status"; return 1; }
	[ "$output" = "$out" ] || { echo "limactl $*: stdout: $output"; return 1; }
	if [ "$err" = - ]; then [ -z "$stderr" ]; else [[ $stderr == *"$err"* ]]; fi || { echo "limactl $*: stderr: $stderr"; return 1; }
}

@test "nothing is there: exit codes, stdout and stderr of every question" {
	exits 0 '' 'No instance found. Run `limactl create` to create an instance.' list
	exits 0 '' 'No instance found. Run `limactl create` to create an instance.' list --json
	for words in 'list colima --json' 'list --json colima' 'list colima' 'ls 0 --format {{.Status}}' 'ls -f {{.Status}} finch' \
		'ls -f {{.VMType}} finch'; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr limactl $words
		[[ $output == '' || $output == NAME* ]]
		[[ $stderr == *"No instance matching "*" found."*"unmatched instances"* ]]
	done
	exits 0 '' 'No disk matching finch found.' disk ls finch --json
	exits 0 '' 'No disk matching colima found.' disk list --json colima
	exits 0 '' 'Ignoring non-existent disk `x`' disk delete x
	exits 0 '' 'Ignoring non-existent disk `finch`' disk unlock finch
	exits 0 '' 'Ignoring non-existent instance `0`' delete --force 0
	exits 0 '' 'Ignoring non-existent instance `0`' delete -f 0
	exits 0 '' 'Ignoring non-existent instance `finch`' remove --force finch
	exits 0 '' 'Ignoring non-existent instance `finch`' remove finch
	exits 1 '' 'lima.yaml: no such file or directory' stop 0
	exits 1 '' 'lima.yaml: no such file or directory' stop --force 0
	exits 1 '' 'instance `colima` does not exist, run `limactl create colima` to create a new instance' shell colima true
	exits 1 '' 'instance `0` does not exist' shell --workdir=. 0 true
}

@test "Colima reads a version that it takes" {
	version=$(limactl info | jq -r .version)
	[[ $version =~ ^v?([0-9]+)\.([0-9]+)\.([0-9]+)(-.*)?$ ]]
	[ $((BASH_REMATCH[1] * 1000000 + BASH_REMATCH[2] * 1000)) -ge 18000 ]
	[ "$(limactl --version)" = "limactl version ${version#v}" ]
	limactl info | jq -e '[.defaultTemplate, .guestAgents, .hostArch, .hostOS, .identityFile, .limaHome, .shellEnvBlock, .templates,
		.vmTypes, .vmTypesEx] | all(. != null)'
	limactl info | jq -e 'has("libexecPaths") and has("plugins") and has("sharePaths")'
}

@test "Colima's and Finch's disks" {
	exits 0 '' 'Creating qcow2 disk `colima`' disk create colima --size 1GiB
	exits 0 '' 'Creating raw disk `finch`' disk create finch --size 1GiB --format raw
	exits 1 '' 'disk `finch` already exists (`' disk create finch --size 1GiB --format raw
	limactl disk list --json colima | jq -e '.name == "colima" and .size == 1073741824 and .instance == "" and .mountPoint == "/mnt/lima-colima"'
	limactl disk ls finch --json | jq -e '.name and .size and .dir and .instance == "" and .instanceDir == "" and .mountPoint'
	exits 1 '' 'Disk shrinking is currently unavailable' disk resize finch --size 512MiB
	exits 0 '' 'Resized disk `finch`' disk resize finch --size 2GiB
	[[ $(limactl disk ls finch) == NAME*finch*2GiB* ]]
	mv "$LIMA_HOME/_disks/finch/datadisk" "$WORK/moved"	# Finch keeps it elsewhere, and a link here
	ln -s "$WORK/moved" "$LIMA_HOME/_disks/finch/datadisk"
	[ "$(limactl disk ls finch --json | jq .size)" = 2147483648 ]
	exits 0 '' 'Deleted `colima`' disk delete colima
	exits 0 '' 'Deleted `finch`' disk delete finch
}

@test "Finch gives its flags behind the file" {
	exits 1 '' 'open /nowhere/finch.yaml: no such file or directory' start --name=finch /nowhere/finch.yaml --tty=false --set .ssh.overVsock=false
}

@test "the YAML that Colima writes is taken" {
	truncate -s 1M "$WORK/image"
	cat >"$WORK/written.yaml" <<-EOF
		vmType: qemu
		vmOpts: {qemu: {cpuType: {x86_64: max}}, vz: {rosetta: {enabled: false, binfmt: false}}}
		arch: x86_64
		images: [{arch: x86_64, location: "$WORK/image"}]
		cpus: 2
		memory: 2048MiB
		disk: 20GiB
		additionalDisks: [{name: colima, format: false, fsType: ext4}]
		mounts: [{location: "$WORK/in", writable: true, 9p: {cache: mmap}}, {location: "/tmp/colima", writable: true}]
		mountType: 9p
		ssh: {localPort: 0, loadDotSSHPubKeys: false, forwardAgent: true}
		containerd: {system: false, user: false}
		env: {FOO: bar}
		dns: [1.1.1.1]
		firmware: {legacyBIOS: false}
		hostResolver: {enabled: false, hosts: {host.docker.internal: host.lima.internal}}
		portForwards:
		- {guestIPMustBeZero: true, guestIP: 0.0.0.0, guestPortRange: [1, 65535], hostIP: 0.0.0.0, hostPortRange: [1, 65535], proto: any}
		- {guestSocket: /var/run/docker.sock, hostSocket: "$WORK/docker.sock", proto: tcp}
		- {guestPort: 53, proto: udp, ignore: true}
		provision:
		- {mode: system, script: "true"}
		- {mode: user, script: "true"}
		- {mode: dependency, script: "true"}
		networks: [{lima: user-v2}]
		nestedVirtualization: false
	EOF
	exits 0 '' OK validate "$WORK/written.yaml"
}

@test "the YAML that Rancher Desktop writes is taken, and that of its older versions" {
	truncate -s 1M "$WORK/image"
	mkdir -p "$LIMA_HOME/_config"
	cat >"$LIMA_HOME/_config/0.yaml" <<-EOF
		ssh: {loadDotSSHPubKeys: false, localPort: 0}
		firmware: {legacyBIOS: false}
		containerd: {system: false, user: false}
		vmType: qemu
		rosetta: {enabled: false, binfmt: false}
		arch: null
		images: [{location: "$WORK/image", arch: x86_64}]
		cpus: 2
		memory: 4294967296
		disk: 100GiB
		mountType: reverse-sshfs
		mounts:
		- {location: "~", writable: true, 9p: {securityModel: none, protocolVersion: 9p2000.L, msize: 128KiB, cache: mmap}}
		- {location: "$WORK/rd", writable: true}
		hostResolver: {hosts: {lima-rancher-desktop: lima-0, host.docker.internal: host.lima.internal}}
		env: {RC_CGROUP_MODE: unified}
		provision:
		- mode: system
		  script: |
		    #!/bin/sh
		    set -o errexit -o nounset -o xtrace
		    fstrim /mnt/data
		portForwards:
		- {guestPortRange: [1, 65535], guestIPMustBeZero: true, hostIP: "0.0.0.0"}
		- {guestSocket: /var/run/docker.sock, hostSocket: "$WORK/docker.sock"}
	EOF
	exits 0 '' OK validate "$LIMA_HOME/_config/0.yaml"
	run -0 limactl plan --stopped "$LIMA_HOME/_config/0.yaml"
	[[ $output == *'+ disk '* ]]
	# keys that Lima never had: `start`, which is what it calls, goes by as upstream does
	printf 'k3s: {version: 1.20.4}\npaths: {x: y}\n' >>"$LIMA_HOME/_config/0.yaml"
	QEMU_SYSTEM_X86_64=/bin/false run --separate-stderr limactl start --tty=false "$LIMA_HOME/_config/0.yaml"
	[[ $stderr == *'k3s: unknown key, ignored'*'paths: unknown key, ignored'*'vm 0: '* ]] || { echo "$stderr"; return 1; }
	exits 1 '' 'k3s: unknown key' plan "$LIMA_HOME/_config/0.yaml"
	run -0 limactl delete --force 0
}

@test "the YAML that Finch writes is taken" {
	truncate -s 1M "$WORK/image" "$WORK/archive.tgz"
	mkdir -p "$LIMA_HOME/_config"
	cat >"$WORK/finch.yaml" <<-EOF
		images:
		- {location: "$WORK/image", arch: x86_64, digest: "sha256:$(sha256sum "$WORK/image" | cut -d' ' -f1)"}
		containerd:
		  system: true
		  user: false
		  archives:
		  - {location: "$WORK/archive.tgz", arch: aarch64, digest: "sha256:$(sha256sum "$WORK/archive.tgz" | cut -d' ' -f1)"}
		  - {location: "$WORK/archive.tgz", arch: x86_64, digest: "sha256:$(sha256sum "$WORK/archive.tgz" | cut -d' ' -f1)"}
		provision:
		- {mode: boot, script: modprobe virtiofs}
		- {mode: system, script: modprobe br_netfilter}
		- {mode: user, script: sudo cp ~/.ssh/authorized_keys /root/.ssh/}
		env: {CONTAINERD_NAMESPACE: finch}
		mounts:
		- location: "~"
		  mountPoint: null
		  writable: true
		  sshfs: {cache: true, followSymlinks: false, sftpDriver: "openssh-sftp-server"}
		  9p: {securityModel: "none", protocolVersion: "9p2000.L", msize: "128KiB", cache: "fscache"}
		- {location: /tmp/lima, writable: true}
		- {location: /var/folders, writable: true}
		portForwards:
		- {guestSocket: "/run/finch.sock", hostSocket: "{{.Dir}}/sock/finch.sock"}
		- {guestSocket: "/run/user/{{.UID}}/creds.sock", hostSocket: "$WORK/creds.sock", reverse: true}
		ssh: {localPort: 0, loadDotSSHPubKeys: false, forwardAgent: true, forwardX11: false, forwardX11Trusted: false}
		firmware: {legacyBIOS: false}
		video: {display: none}
	EOF
	# it generates these two from Lima's types
	printf 'cpus: 2\nmemory: 4GiB\nadditionalDisks: [{name: finch}]\n' >"$LIMA_HOME/_config/override.yaml"
	printf 'mountType: reverse-sshfs\nssh: {overVsock: null}\n' >"$LIMA_HOME/_config/default.yaml"
	exits 0 '' OK validate "$WORK/finch.yaml"
	run -0 limactl disk create finch --size 1MiB --format raw
	run -0 limactl create --name=finch "$WORK/finch.yaml" --tty=false --set .ssh.overVsock=false
	[ "$(limactl ls -f '{{.Status}} {{.CPUs}}' finch)" = 'Stopped 2' ]
	run -0 limactl remove --force finch
	run -0 limactl disk delete finch
	rm "$LIMA_HOME/_config/override.yaml" "$LIMA_HOME/_config/default.yaml"
}

@test "Colima: start FILE, the file's name is the instance's" {
	cd "$WORK"
	LIMA_SSH_PORT_FORWARDER=true LIMA_INSTANCE=colima limactl start --tty=false "$WORK/colima.yaml"
}

@test "Colima: list NAME --json is one object on one line" {
	run -0 --separate-stderr limactl list colima --json
	[ "${#lines[@]}" -eq 1 ]
	[ "${#output}" -lt 65536 ]
	jq -e '.name == "colima" and .status == "Running" and .arch == "x86_64" and .cpus == 2 and .memory == 536870912 and
		.disk == 1073741824 and (.dir | endswith("/colima")) and .sshLocalPort > 0 and .hostAgentPID > 0 and .driverPID > 0' <<<"$output"
	[ "$(limactl list --json colima)" = "$output" ]
}

@test "Colima and Rancher Desktop: shell, stdin, stdout and exit codes" {
	[ "$(limactl shell colima uname)" = Linux ]
	[ "$(limactl shell --workdir / colima pwd)" = / ]
	[ "$(limactl shell --workdir=. colima sh -c 'echo "$1"' _ 'a  b$c')" = 'a  b$c' ]
	[ "$(printf 'x\ny' | LIMA_INSTANCE=colima lima sudo sh -c 'cat > /etc/colima' && LIMA_INSTANCE=colima lima cat /etc/colima)" = $'x\ny' ]
	LIMA_INSTANCE=colima run -1 lima stat -c %s /nowhere
	LIMA_INSTANCE=colima run -127 lima sh -c 'exit 127'
	run -0 limactl shell colima sudo -E FOO=bar sh -c 'echo $FOO'
	[ "$output" = bar ]
	run -1 limactl shell --workdir /nowhere colima true
}

@test "copy there and back" {
	head -c 300000 /dev/urandom >"$WORK/blob"
	mkdir -p "$WORK/folder/sub"
	echo hello >"$WORK/folder/sub/file"
	limactl copy "$WORK/blob" colima:/tmp/blob
	limactl copy colima:/tmp/blob "$WORK/blob2"
	cmp "$WORK/blob" "$WORK/blob2"
	limactl copy -r "$WORK/folder" colima:/tmp/
	limactl --debug copy "$WORK/blob" colima:./trivy 2>/dev/null
	limactl --debug shell --workdir=. colima mv ./trivy /tmp/trivy 2>/dev/null
	[ "$(limactl shell colima stat -c %s /tmp/trivy)" = 300000 ]
	[ "$(limactl shell colima cat /tmp/folder/sub/file)" = hello ]
}

@test "copy by SFTP, where no program copies" {
	mkdir -p "$WORK/into"
	run -0 --separate-stderr limactl copy --backend=sftp "$WORK/blob" colima:/tmp/blob3
	[ -z "$output$stderr" ]
	[ "$(limactl shell colima sha256sum /tmp/blob3 | cut -d ' ' -f 1)" = "$(sha256sum <"$WORK/blob" | cut -d ' ' -f 1)" ]
	limactl copy --backend=sftp -r "$WORK/folder" "$WORK/blob" colima:/tmp/sftp-into/ && false
	limactl shell colima mkdir /tmp/sftp-into
	limactl copy --backend=sftp -r "$WORK/folder" "$WORK/blob" colima:/tmp/sftp-into/
	[ "$(limactl shell colima cat /tmp/sftp-into/folder/sub/file)" = hello ]
	limactl copy --backend=sftp -r colima:/tmp/sftp-into "$WORK/into"
	diff -r "$WORK/folder" "$WORK/into/sftp-into/folder"
	cmp "$WORK/blob" "$WORK/into/sftp-into/blob"
	limactl copy --backend=sftp colima:/tmp/blob3 colima:blob4
	[ "$(limactl shell colima stat -c %s blob4)" = 300000 ]
	# in a folder that others write nobody knows the name that a file has before it is whole
	echo kept >"$WORK/victim"
	ln -s "$WORK/victim" "$WORK/into/6.tmp"
	limactl copy --backend=sftp colima:/tmp/blob3 "$WORK/into/6"
	cmp "$WORK/blob" "$WORK/into/6"
	[ "$(cat "$WORK/victim")" = kept ]
	[ -z "$(find "$WORK/into" -name '.lima-*')" ]
	run -1 --separate-stderr limactl copy --backend=sftp colima:/tmp/nothing "$WORK/into"
	[[ $stderr == *'/tmp/nothing: no such file or directory'* ]]
	run -1 --separate-stderr limactl copy --backend=sftp colima:/tmp "$WORK/into"
	[[ $stderr == *'is a folder: not copied without --recursive'* ]]
	# neither of the programs is there
	mkdir "$WORK/few"
	for program in timeout ssh qemu-system-x86_64 qemu-img; do ln -s "$(command -v $program)" "$WORK/few/"; done
	PATH=$WORK/few run -0 limactl copy colima:/tmp/blob3 "$WORK/into/5"
	cmp "$WORK/blob" "$WORK/into/5"
}

@test "the terminal goes away in the middle of a copy: nothing half-done is left" {
	limactl shell colima sh -c 'head -c 20000000 /dev/zero >/tmp/large'
	mkdir -p "$WORK/half"
	"$BIN/limactl" copy --backend=sftp colima:/tmp/large "$WORK/half/large" 2>"$WORK/log" 3>&- &
	pid=$!
	timeout 20 bash -c 'until [ -n "$(find "$1" -name ".lima-*" -size +0)" ]; do sleep 0.05; done' _ "$WORK/half"
	kill -HUP $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 129 ]
	grep -q interrupted "$WORK/log"
	[ -z "$(ls -A "$WORK/half")" ]
	limactl shell colima rm /tmp/large
}

@test "Rancher Desktop and Finch: the status in one word" {
	[ "$(limactl ls colima --format '{{.Status}}')" = Running ]
	[ "$(limactl ls -f '{{.Status}}' colima)" = Running ]
	[ "$(limactl ls -f '{{.VMType}}' colima)" = qemu ]
	[ "$(limactl ls -f '{{.SSHLocalPort}}' colima)" -gt 0 ]
	# of several, the one that is not there: Colima takes it as none
	run -1 --separate-stderr limactl list --json colima colima-nix
	[ "$(jq -r .name <<<"$output")" = colima ]
	limactl list --json | jq -e '.name and .status and .dir and .arch and .vmType and .sshLocalPort and .hostAgentPID'
	for f in ha.stdout.log ha.stderr.log; do [ -f "$LIMA_HOME/colima/$f" ]; done
	run -0 --separate-stderr limactl start --tty=false colima
	[[ $stderr == *'The instance `colima` is already running.'* ]]
}

@test "the driver is gone: errors are strings that Rancher Desktop knows" {
	[ "$(limactl list --json colima | jq '.errors // [] | length')" = 0 ]
	mv "$LIMA_HOME/colima/ha.pid" "$WORK/ha.pid"
	limactl list --json colima 2>/dev/null | jq -e '.status == "Broken" and (.errors[0] | test("(driver|host agent) is running but"))'
	mv "$WORK/ha.pid" "$LIMA_HOME/colima/ha.pid"
	[ "$(limactl ls -f '{{.Status}}' colima)" = Running ]
}

@test "screenshot: this driver has none, and the file is not made" {
	run -1 --separate-stderr limactl screenshot --output "$WORK/x.png" colima
	[[ $stderr == *'does not support screenshots'* && ! -e $WORK/x.png ]]
}

@test "a SOCKS proxy into the guest's network" {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	limactl shell colima sh -c 'mkdir -p /tmp/w && echo from-the-guest >/tmp/w/f && (busybox httpd -p 127.0.0.1:8123 -h /tmp/w </dev/null >/dev/null 2>&1 &)'
	run -0 --separate-stderr limactl tunnel --socks-port "$port" colima 3>&-
	[[ $output == *"ALL_PROXY=socks5h://127.0.0.1:$port"* ]]
	[ "$(curl -sS --max-time 20 --proxy "socks5h://127.0.0.1:$port" http://127.0.0.1:8123/f)" = from-the-guest ]
}

@test "an AI's tools work inside it" {
	run -0 bash -c '{
		echo "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"write_file\",\"arguments\":{\"path\":\"/tmp/a/b\",\"content\":\"x\"}}}"
		echo "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"run_shell_command\",\"arguments\":{\"command\":[\"cat\",\"b\"],\"directory\":\"/tmp/a\"}}}"
	} | timeout 60 limactl mcp serve colima'
	[ "$(jq -r .result.structuredContent.stdout <<<"${lines[1]}")" = x ]
}

@test "edit NAME --cpus N --tty=false only when it is stopped" {
	exits 1 '' 'cannot edit a running instance; `limactl apply --set EXPRESSION colima` changes it' edit colima --cpus 1 --memory 0.4 --tty=false
}

@test "stop, and the status is one word again" {
	exits 1 '' 'got `Running` (`limactl stop colima` first, or `limactl delete --force colima`)' delete colima
	run -0 limactl stop colima
	[ "$(limactl ls -f '{{.Status}}' colima)" = Stopped ]
	exits 0 '' 'configuration edited' edit colima --cpus 1 --memory 0.4 --tty=false
	limactl list colima --json | jq -e '.status == "Stopped" and .cpus == 1 and (has("hostAgentPID") | not)'
}

@test "shell starts the machine that it needs" {
	exits 1 '' 'is stopped, run `limactl start colima`' shell --start=false colima true
	[ "$(limactl shell --start colima echo up 2>/dev/null)" = up ]
}

@test "restart by force, with progress" {
	pid=$(cat "$LIMA_HOME/colima/qemu.pid")
	run -0 --separate-stderr limactl restart --force --progress colima
	[[ $stderr == *'Restarting the instance forcibly'* ]]
	[ "$(cat "$LIMA_HOME/colima/qemu.pid")" != "$pid" ]
	[ "$(limactl shell colima echo up)" = up ]
	run -0 limactl stop --force colima
	[ "$(limactl ls -f '{{.Status}}' colima)" = Stopped ]
}

@test "start in the foreground, until it is told to stop" {
	timeout 120 "$BIN/limactl" start --foreground --progress --tty=false colima >"$WORK/out" 2>&1 3>&- &
	pid=$!
	timeout 60 bash -c 'until grep -q READY "$1"; do sleep 0.1; done' _ "$WORK/out" || { cat "$WORK/out"; false; }
	[ "$(limactl shell colima echo up)" = up ]
	kill -0 $pid
	kill -INT $pid
	wait $pid || true
	[ "$(limactl ls -f '{{.Status}}' colima)" = Stopped ]
}

@test "what was copied behind our back is an instance, and delete --force ends it" {
	cp -r "$LIMA_HOME/colima" "$LIMA_HOME/0"
	[ "$(limactl ls 0 --format '{{.Status}}')" = Stopped ]
	exits 0 '' 'Deleted `0`' delete --force 0
	exits 0 '' 'Deleted `colima`' delete --force colima
	exits 0 '' 'No instance found' list --json
}

@test "Colima empties the cache too" {
	mkdir -p "$XDG_CACHE_HOME/lima/download"
	exits 0 '' 'Pruning `' prune
	[ ! -e "$XDG_CACHE_HOME/lima/download" ]
}
