#!/usr/bin/env bats
# limactl-mcp: the protocol and every tool, against an SSH server of the test's own in the guest's place.
load helper

setup_file() {
	home_begin
	export PATH="$BIN:$PATH"
	mkdir -p "$WORK/ssh" "$WORK/files/sub/deep"
	[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/ssh/host"
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/ssh/user"
	local port
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	cat >"$WORK/ssh/config" <<-EOF
		ListenAddress 127.0.0.1:$port
		HostKey $WORK/ssh/host
		AuthorizedKeysFile $WORK/ssh/user.pub
		PidFile $WORK/ssh/pid
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		Subsystem sftp internal-sftp
	EOF
	timeout 300 /usr/sbin/sshd -D -e -f "$WORK/ssh/config" 3>&- 2>"$WORK/ssh/log" &
	timeout 20 bash -c 'until [ -e "$1" ]; do sleep 0.05; done' _ "$WORK/ssh/pid"
	# limactl, as far as the plugin asks it
	cat >"$WORK/limactl" <<-EOF
		#!/bin/sh
		[ "\$*" = "list --json i" ] || exit 1
		echo '{"name":"i","status":"'\$(cat $WORK/status)'","sshLocalPort":$port,"sshAddress":"127.0.0.1","config":{"user":{"name":"$(id -nu)","shell":"/bin/bash"}},"IdentityFile":"$WORK/ssh/user"}'
	EOF
	chmod +x "$WORK/limactl"
	echo Running >"$WORK/status"
	export LIMACTL="$WORK/limactl"
	echo 'needle in a haystack' >"$WORK/files/sub/a.txt"
	echo 'hay' >"$WORK/files/sub/b.txt"
	echo 'light 💡' >"$WORK/files/sub/deep/c.md"
}

teardown_file() {
	kill "$(cat "$WORK/ssh/pid")" 2>/dev/null || true
	home_end
}

# sends lines, one an argument; $output: the answers
mcp() {
	run -0 --separate-stderr bash -c 'printf "%s\n" "$@" | timeout 60 limactl mcp serve i' _ "$@"
}

# tool NAME ARGUMENTS: $output is the result
tool() {
	mcp "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"$1\",\"arguments\":$2}}"
	[ "$(jq .id <<<"$output")" = 7 ]
	output=$(jq -c .result <<<"$output")
	# the same twice, as text and as data
	[ "$(jq -r .isError <<<"$output")" = true ] || [ "$(jq -c '.content[0].text | fromjson' <<<"$output")" = "$(jq -c .structuredContent <<<"$output")" ]
}

is() {
	[ "$(jq -r "$1" <<<"$output")" = "$2" ] || { echo "$1 is not $2:"; echo "$output"; return 1; }
}

@test "greeting, ping, tools, and what is no request" {
	mcp '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}' \
		'{"jsonrpc":"2.0","method":"notifications/initialized"}' '' '{"jsonrpc":"2.0","id":"x","method":"ping"}' \
		'{"jsonrpc":"2.0","id":2,"method":"tools/list"}' 'nonsense' '{"jsonrpc":"2.0","id":3,"method":"no/such"}' '[1]' \
		'{"jsonrpc":"2.0","id":4,"method":"initialize"}'
	[ "${#lines[@]}" -eq 7 ]
	output=${lines[0]} is '.result.serverInfo.name + .result.protocolVersion' lima2025-03-26
	[ "${lines[1]}" = '{"jsonrpc":"2.0","id":"x","result":{}}' ]
	output=${lines[2]} is '[.result.tools[].name] | join(" ")' 'glob list_directory read_file run_shell_command search_file_content write_file'
	output=${lines[2]} is '.result.tools[] | select(.name == "run_shell_command") | .inputSchema | .required + [.additionalProperties] | tojson' \
		'["command","directory",false]'
	output=${lines[3]} is .error.code -32700
	output=${lines[4]} is .error.code -32601
	output=${lines[5]} is .error.code -32600
	output=${lines[6]} is .result.protocolVersion 2025-06-18
	[ "$(limactl mcp info | jq -c '[.tools[].name]')" = "$(jq -c '[.result.tools[].name]' <<<"${lines[2]}")" ]
}

@test "arguments are checked" {
	for call in '"nix","arguments":{}' '"glob","arguments":{}' '"glob","arguments":{"pattern":1}' '"glob","arguments":[]' \
		'"glob","arguments":{"pattern":"*","more":1}' '"run_shell_command","arguments":{"command":[],"directory":"/"}' \
		'"run_shell_command","arguments":{"command":"ls","directory":"/"}'; do
		mcp "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":$call}}"
		is .error.code -32602
	done
}

@test "run_shell_command" {
	tool run_shell_command '{"command":["sh","-c","echo \"a  b\"; echo no >&2; exit 13"],"directory":"/"}'
	is .structuredContent.stdout 'a  b'
	is .structuredContent.stderr no
	is '.structuredContent.exit_code' 13
	is .structuredContent.error 'exit status 13'
	tool run_shell_command "{\"command\":[\"cat\",\"sub/b.txt\"],\"directory\":\"$WORK/files\"}"
	is '.structuredContent | tojson' '{"stdout":"hay\n","stderr":"","exit_code":0}'
	tool run_shell_command '{"command":["true"],"directory":"/nowhere"}'
	is .structuredContent.exit_code 1
	[[ $output == *'No such file or directory'* ]]
	tool run_shell_command '{"command":["true"],"directory":"etc"}'
	[[ $output == *'expected an absolute path'*'"isError":true'* ]]
}

@test "read_file, write_file" {
	tool write_file "{\"path\":\"$WORK/files/new/er/x\",\"content\":\"foo \\u0041 💡\\n\"}"
	is '.content[0].text' '{}'
	[ "$(cat "$WORK/files/new/er/x")" = 'foo A 💡' ]
	tool write_file "{\"path\":\"$WORK/files/new/er/x\",\"content\":\"bar\"}"
	[ "$(cat "$WORK/files/new/er/x")" = bar ]
	tool read_file "{\"path\":\"$WORK/files/new/er/x\"}"
	is .structuredContent.content bar
	printf 'a\0b\xff\n' >"$WORK/files/odd"
	tool read_file "{\"path\":\"$WORK/files/odd\"}"
	is '.structuredContent.content | explode | tojson' '[97,0,98,65533,10]'
	tool read_file '{"path":"/no/such/file"}'
	is '.content[0].text + (.isError | tostring)' 'file does not existtrue'
	tool read_file '{"path":"no/such/file"}'
	[[ $(jq -r '.content[0].text' <<<"$output") == 'expected an absolute path'* ]]
	tool write_file '{"path":"rel","content":""}'
	is .isError true
	tool write_file '{"path":"/proc/nothing/here","content":""}'
	is .isError true
}

@test "list_directory" {
	tool list_directory "{\"path\":\"$WORK/files/sub\"}"
	is '.structuredContent.entries | sort_by(.name) | map("\(.name) \(.is_dir)") | join(", ")' 'a.txt false, b.txt false, deep true'
	is '.structuredContent.entries[] | select(.name == "b.txt").size' 4
	tool list_directory '{"path":"/nowhere"}'
	is '.content[0].text' 'file does not exist'
}

@test "glob" {
	tool glob "{\"pattern\":\"*/*.txt\",\"path\":\"$WORK/files\"}"
	is '.structuredContent.matches | join(" ")' "$WORK/files/sub/a.txt $WORK/files/sub/b.txt"
	tool glob "{\"pattern\":\"**/*.md\",\"path\":\"$WORK/files\"}"
	is '.structuredContent.matches | join(" ")' "$WORK/files/sub/deep/c.md"
	tool glob "{\"pattern\":\"sub/b.txt\",\"path\":\"$WORK/files/\"}"
	is '.structuredContent.matches | join(" ")' "$WORK/files/sub/b.txt"
	tool glob "{\"pattern\":\"nothing.to.see\",\"path\":\"$WORK/files\"}"
	is '.structuredContent.matches | tojson' '[]'
	cd "$WORK/files/sub"
	tool glob '{"pattern":"a*"}'
	is '.structuredContent.matches | join(" ")' "$WORK/files/sub/a.txt"
}

@test "search_file_content" {
	cd "$WORK/files"
	tool search_file_content '{"pattern":"needle in"}'
	is .structuredContent.git_grep_output 'sub/a.txt:1:needle in a haystack'
	tool search_file_content '{"pattern":"💡"}'
	is .structuredContent.git_grep_output 'sub/deep/c.md:1:light 💡'
	tool search_file_content '{"pattern":"-nothing"}'
	is .structuredContent.git_grep_output ''
	tool search_file_content '{"pattern":"hay","include":"sub/b*"}'
	is .structuredContent.git_grep_output 'sub/b.txt:1:hay'
}

@test "one connection for a whole session, and a new one when it broke" {
	run -0 bash -c '(
		for i in 1 2; do echo "{\"jsonrpc\":\"2.0\",\"id\":$i,\"method\":\"tools/call\",\"params\":{\"name\":\"run_shell_command\",\"arguments\":{\"command\":[\"sh\",\"-c\",\"echo \$SSH_CONNECTION\"],\"directory\":\"/\"}}}"; done
		echo "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"run_shell_command\",\"arguments\":{\"command\":[\"sh\",\"-c\",\"kill -9 \$PPID\"],\"directory\":\"/\"}}}"
		echo "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/call\",\"params\":{\"name\":\"run_shell_command\",\"arguments\":{\"command\":[\"echo\",\"again\"],\"directory\":\"/\"}}}"
	) | timeout 60 limactl mcp serve i'
	[ "$(jq .result.structuredContent.stdout <<<"${lines[0]}")" = "$(jq .result.structuredContent.stdout <<<"${lines[1]}")" ]
	[ "$(jq -r .result.structuredContent.stdout <<<"${lines[3]}")" = again ]
}

# The guest's way in takes a connection and never says a word, so whoever waits for it waits; each is counted.
@test "what needs no guest is answered while the guest does not answer: only a tool dials" {
	python3 -u - >"$WORK/dialled" 3>&- <<-'EOF' &
		import socket
		s = socket.socket()
		s.bind(("127.0.0.1", 0))
		s.listen()
		print(s.getsockname()[1])
		kept = []
		while True:
		    kept.append(s.accept())
		    print("dialled")
	EOF
	silent=$!
	timeout 20 sh -c 'until [ -s "$1" ]; do sleep 0.05; done' _ "$WORK/dialled"
	sed "s/\"sshLocalPort\":[0-9]*/\"sshLocalPort\":$(head -n 1 "$WORK/dialled")/" "$WORK/limactl" >"$WORK/limactl-silent"
	chmod +x "$WORK/limactl-silent"
	export LIMACTL=$WORK/limactl-silent
	mcp '{"jsonrpc":"2.0","id":1,"method":"initialize"}' '{"jsonrpc":"2.0","id":2,"method":"tools/list"}' '{"jsonrpc":"2.0","id":3,"method":"ping"}'
	[ "${#lines[@]}" -eq 3 ]
	output=${lines[1]} is '.result.tools | length' 6
	[ "$(grep -c dialled "$WORK/dialled")" -eq 0 ]
	# and a tool does
	(echo '{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"list_directory","arguments":{"path":"/"}}}'; sleep 60) |
		timeout 60 "$BIN/limactl" mcp serve i >/dev/null 2>&1 3>&- &
	timeout 60 sh -c 'until grep -q dialled "$1"; do sleep 0.05; done' _ "$WORK/dialled"
	kill $! $silent
}

@test "an instance that does not run, or is not there" {
	echo Stopped >"$WORK/status"
	run -1 --separate-stderr limactl mcp serve i
	[[ $stderr == *'expected status of instance `i` to be `Running`, got `Stopped`'* ]]
	run -1 --separate-stderr limactl mcp serve nix
	[ -n "$stderr" ]
	run -1 limactl mcp bogus
	run -0 limactl mcp --help
	[[ $output == *'serve [INSTANCE]'* ]]
	[[ $(limactl mcp --version) == 'limactl-mcp version '* ]]
	run -0 limactl mcp generate-doc "$WORK/doc"
	grep -q run_shell_command "$WORK/doc/mcp.md"
}
