#!/usr/bin/env bats
# The download cache, where others can write to it.
load helper

setup() {
	home_begin
	cd "$WORK" || return
	mkdir srv
	truncate -s 1M srv/disk.img
	echo good | dd of=srv/disk.img conv=notrunc status=none
	python3 -u -m http.server --bind 127.0.0.1 --directory srv 0 >server.log 2>&1 &
	SERVER=$!
	timeout 20 bash -c 'until grep -q "port [0-9]" server.log; do sleep 0.1; done'
	URL=http://127.0.0.1:$(grep -o 'port [0-9]*' server.log | head -n 1 | cut -d' ' -f2)/disk.img
	DIGEST=sha256:$(sha256sum srv/disk.img | cut -d' ' -f1)
	{ cold_yaml | sed "s|location: .*|location: $URL|; s|^  arch:.*|&\n  digest: $DIGEST|"; } >a.yaml
}

teardown() {
	kill "$SERVER"
	cd /
	home_end
}

# an entry of the cache that says of itself that it has been checked, and has not the bytes
false_entry() {
	local entry=$XDG_CACHE_HOME/lima/download/by-url-sha256/$(printf %s "$URL" | sha256sum | cut -d' ' -f1)
	mkdir -p "$entry"
	truncate -s 1M "$entry/data"
	echo evil | dd of="$entry/data" conv=notrunc status=none
	echo "$DIGEST" >"$entry/sha256.digest"
	stat -c '%i.%s.%Y' "$entry/data" >"$entry/stamp"
	python3 - "$entry" <<-'EOF'
		import os, sys
		st = os.stat(sys.argv[1] + "/data")
		open(sys.argv[1] + "/sha256.verified", "w").write(f"{st.st_ino}.{st.st_size}.{st.st_mtime_ns}")
	EOF
}

@test "what others could have put into a cache is not used" {
	false_entry
	chmod 1777 "$XDG_CACHE_HOME/lima/download/by-url-sha256"
	run -0 --separate-stderr limactl create --tty=false a.yaml
	[ "$(grep -c 'can be written to by others' <<<"$stderr")" = 1 ]
	[ "$(head -n 1 "$LIMA_HOME/a/disk" | tr -d '\0')" = good ]
	[ -d "$LIMA_HOME/_cache/download" ]
	run -0 --separate-stderr limactl list
	[[ $stderr != *'by others'* ]]
	[ "$(limactl list -q)" = a ]
}

@test "a cache of somebody else is not used, and one that is ours is" {
	false_entry
	# only root can play two users
	chown -R nobody "$XDG_CACHE_HOME/lima" 2>/dev/null || chmod -R 0777 "$XDG_CACHE_HOME/lima"
	run -0 --separate-stderr limactl create --tty=false a.yaml
	[ "$(head -n 1 "$LIMA_HOME/a/disk" | tr -d '\0')" = good ]
	run -0 limactl delete -f a
	rm -rf "$XDG_CACHE_HOME" "$LIMA_HOME/_cache"
	run -0 --separate-stderr limactl create --tty=false a.yaml
	[[ $stderr != *'by others'* ]]
	[ -d "$XDG_CACHE_HOME/lima/download" ]
	[ ! -e "$LIMA_HOME/_cache" ]
}
