# One file for whoever is to help: what is in it, and what must not be.
load helper

setup() {
	home_begin
	cd "$WORK"
	mkdir -p "$LIMA_HOME/_config" in
	secrets=(hunter2-env hunter2-param hunter2-line-one hunter2-line-two hunter2-default hunter2-script hunter2-proxy hunter2-history hunter2-host
		hunter2-console hunter2-quoted hunter2-json ghp_0123456789abcdefghijABCDEF MIIEplanted0key AKIAIOSFODNN7EXAMPLE
		eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl hunter2-bearer 'hunter2"after')
	{
		fake_yaml
		cat <<-'EOF2'
			containerd: {user: false, system: false}
			param:
			  apiKey: hunter2-param
			  COLOR: blue
			env:
			  DB_PASSWORD: hunter2-env
			  TLS_PRIVATE_KEY: hunter2-line-one hunter2-line-two
			  ODD_SECRET: 'hunter2"after'
			  PLAIN: stays
			  https_proxy: http://me:hunter2-proxy@proxy.example:8080
			provision:
			- mode: system
			  script: |
			    #!/bin/sh
			    # {{.Param.COLOR}} {{.Param.apiKey}}
			    export ADMIN_TOKEN=hunter2-script
			    git clone https://ghp_0123456789abcdefghijABCDEF@github.com/x/y
			    cat >/key <<E
			    -----BEGIN RSA PRIVATE KEY-----
			    MIIEplanted0key
			    -----END RSA PRIVATE KEY-----
			    E
			    curl -H "Authorization: Bearer hunter2-bearer" -d '{"password":"hunter2-json"}' https://h/
			    echo 'client_secret: "hunter2-quoted"' AKIAIOSFODNN7EXAMPLE
		EOF2
	} | grep -v '^plain' >web.yaml
	echo 'env: {SITE_PASSPHRASE: hunter2-default}' >"$LIMA_HOME/_config/default.yaml"
	fake_yaml >db.yaml
}

teardown() { home_end; }

# the archive, unpacked into in/
unpacked() {
	rm -rf in
	mkdir in
	tar --zstd -xf "$1" -C in
}

@test "logs, plan and versions of an instance, and no secret that was planted" {
	limactl apply web.yaml db.yaml
	limactl apply --set '.env.MY_SECRET="hunter2-history"' --stopped web || true
	printf 'login: token=hunter2-console eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl\nuseful console line\n' >>"$LIMA_HOME/web/serial.log"
	echo "GH_TOKEN is hunter2-host here" >>"$LIMA_HOME/web/ha.stderr.log"
	GH_TOKEN=hunter2-host run -0 limactl diagnose -o out.tar.zst
	[ "$(stat -c %a out.tar.zst)" = 600 ]
	unpacked out.tar.zst
	for secret in "${secrets[@]}" "$(sed -n 2p "$LIMA_HOME/_config/user")"; do
		! grep -rnF -- "$secret" in || { echo "in the archive: $secret"; return 1; }
	done
	# escaped as JSON has it, too
	! grep -rn 'hunter2' in || false
	# what helps is there
	grep -q 'useful console line' in/web/serial.log
	grep -q 'PLAIN: stays' in/web/lima.yaml
	grep -q 'COLOR: blue' in/web/lima.yaml
	grep -q 'DB_PASSWORD: REDACTED' in/web/lima.yaml
	jq -e '.env.PLAIN == "stays" and .cpus == 1' in/web/applied.json
	grep -q 'web: by its own copy' in/web/plan.txt
	grep -q "limactl $("$BIN/limactl" --version | cut -d' ' -f3)" in/host.txt
	grep -q '^db ' in/list.txt
	grep -q 'limactl apply' in/history.txt
	[ -s in/db/ha.stderr.log ]
	[ -s in/db/plan.txt ]
	# nothing that was not asked for: no keys, no disks, no ISO
	[ -z "$(find in -name '*key*' -o -name 'user*' -o -name '*.iso' -o -name disk -o -name 'vnc*')" ]
}

@test "of the instances that are named; also of one that is broken" {
	limactl create db.yaml
	mkdir "$LIMA_HOME/bad"
	echo 'cpus: [' >"$LIMA_HOME/bad/lima.yaml"
	limactl diagnose bad
	unpacked lima-diagnose.tar.zst
	grep -q 'cpus: \[' in/bad/lima.yaml
	grep -q 'lima.yaml' in/bad/plan.txt
	[ ! -e in/db ]
	fails_with 'instance `nobody` does not exist' diagnose nobody
	fails_with /nonexistent diagnose -o /nonexistent/x.tar.zst db
	# a long log is cut at its front, at a line
	python3 -c "print('x' * 99 + '\n' + ''.join('line %d\n' % i for i in range(400000)))" >"$LIMA_HOME/db/serial.log"
	limactl diagnose db
	unpacked lima-diagnose.tar.zst
	grep -qx 'line 399999' in/db/serial.log
	grep -qxE 'line [0-9]+' <(head -n 1 in/db/serial.log)
	[ "$(stat -c %s in/db/serial.log)" -le 1048576 ]
}
