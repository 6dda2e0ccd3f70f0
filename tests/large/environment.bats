#!/usr/bin/env bats
# What lima.yaml and the host hand to the debian guest: variables, proxies, certificates, time zone.
load helper

@test "variables, for sessions and for scripts" {
	[ "$(guest printenv GREETING)" = 'hello from lima.yaml' ]
	[ "$(guest cat /var/lib/param-seen)" = 'said once' ]
	guest sed -n '/^#LIMA-START$/,/^#LIMA-END$/p' /etc/environment | grep -qx 'GREETING=hello from lima.yaml'
}

@test "proxies: this host as the guest sees it, in both spellings" {
	[ "$(guest printenv ftp_proxy)" = http://192.168.5.2:2121 ]
	[ "$(guest printenv FTP_PROXY)" = http://192.168.5.2:2121 ]
	[ "$(guest printenv HTTPS_PROXY)" = my.proxy:8021 ]
	run ! guest printenv http_proxy
}

@test "certificates are trusted" {
	sed -n '/BEGIN CERT/,/END CERT/s/^ *//p' "$REPO/tests/large/guest.yaml" >"$WORK/ca.pem"
	[ "$(guest sh -c 'cat >/tmp/ca.pem; openssl verify -CApath /etc/ssl/certs /tmp/ca.pem' <"$WORK/ca.pem")" = '/tmp/ca.pem: OK' ]
	guest sh -c 'rm /tmp/ca.pem'
}

@test "the time zone" {
	[ "$(guest readlink -f /etc/localtime)" = /usr/share/zoneinfo/America/Bogota ]
	[ "$(guest date +%z)" = -0500 ]
}

@test "the clock is the host's" {
	here=$(date +%s)
	there=$(guest date +%s)
	[ $((there - here)) -ge -2 ]
	[ $((there - here)) -le 5 ]
}
