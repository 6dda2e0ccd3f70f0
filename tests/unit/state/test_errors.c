/*
 * What people write wrong, and what they are told: where, which key, what is allowed, what was probably meant. The
 * messages are here word by word, for they are to be read.
 */
#include "state/desired/spec/host.h"
#include "state/desired/spec/spec.h"
#include "tests/unit/test.h"

static const struct { const char *yaml, *told; } cases[] = {
	{ "images: [{location: /x.img}]\ncpu: 2\n",
	  "t.yaml:2:1: cpu: unknown key, ignored (did you mean `cpus`?)" },
	{ "images: [{location: /x.img}]\ncpus: two\n",
	  "t.yaml:2:7: cpus: must be an integer, got `two`" },
	{ "images: [{location: /x.img}]\ncpus: 2.x\n",
	  "t.yaml:2:7: cpus: must be an integer, got `2.x`" },
	{ "images: [{location: /x.img}]\nmemory: 4 gigs\n",
	  "t.yaml:2:9: memory: has an invalid value: invalid size: '4 gigs': invalid suffix: 'gigs' (b, k, m, g, t, p, each optionally with b or ib behind it); a size is a number and a unit, such as `4GiB`" },
	{ "images: [{location: /x.img}]\nmemory: lots\n",
	  "t.yaml:2:9: memory: has an invalid value: invalid size: 'lots'; a size is a number and a unit, such as `4GiB`" },
	{ "images: [{location: /x.img}]\ndisk: 100GBB\n",
	  "t.yaml:2:7: disk: has an invalid value: invalid size: '100GBB': invalid suffix: 'GBB' (b, k, m, g, t, p, each optionally with b or ib behind it); a size is a number and a unit, such as `4GiB`" },
	{ "images: [{location: /x.img}]\nenv: {TOKEN: x}\nsecrets: [TOKEN, TOKN]\n",
	  "t.yaml:3:18: secrets[1]: neither `env` nor `param` has `TOKN`" },
	{ "image: /x\n",
	  "t.yaml:1:1: image: unknown key, ignored (did you mean `images`?)" },
	{ "images: /x.img\n",
	  "t.yaml:1:9: images: must be a list (`- ` in front of each item), got `/x.img`" },
	{ "images:\n  location: /x.img\n",
	  "t.yaml:2:3: images: must be a list (`- ` in front of each item), got a mapping" },
	{ "images:\n- /x.img\n",
	  "t.yaml:2:3: images[0]: must be a mapping with keys `location`, `arch`, `digest`, `kernel`, `initrd`, `variant` or `archVariant`, got `/x.img`" },
	{ "images: []\n",
	  "t.yaml:1:9: images: must be set" },
	{ "images: [{location: /x.img}]\narch: amd64\n",
	  "t.yaml:2:7: arch: must be `x86_64`, `aarch64`, `armv7l`, `ppc64le`, `riscv64` or `s390x`, got `amd64` (did you mean `x86_64`?)" },
	{ "images: [{location: /x.img}]\narch: arm64\n",
	  "t.yaml:2:7: arch: must be `x86_64`, `aarch64`, `armv7l`, `ppc64le`, `riscv64` or `s390x`, got `arm64` (did you mean `aarch64`?)" },
	{ "images: [{location: /x.img}]\nvmType: kvm\n",
	  "t.yaml:2:9: vmType: `kvm` is not a registered driver; must be `qemu`, `vz` or `wsl2`, or an external driver that is installed (did you mean `qemu`?)" },
	{ "images: [{location: /x.img}]\nvmType: QEMU\n",
	  "t.yaml:2:9: vmType: `QEMU` is not a registered driver; must be `qemu`, `vz` or `wsl2`, or an external driver that is installed (did you mean `qemu`?)" },
	{ "images: [{location: /x.img}]\nos: linux\n",
	  "t.yaml:2:5: os: must be `Linux`, `Darwin`, `FreeBSD` or `Windows`, got `linux` (did you mean `Linux`?)" },
	{ "images: [{location: /x.img}]\nmounts:\n- ~\n",
	  "t.yaml:3:3: mounts[0].location: must be an absolute path, got `.` (an unquoted ~ is null in YAML: write \"~\")" },
	{ "images: [{location: /x.img}]\nmounts:\n- location: ~\n",
	  "t.yaml:3:3: mounts[0].location: must be an absolute path, got `.` (an unquoted ~ is null in YAML: write \"~\")" },
	{ "images: [{location: /x.img}]\nmounts:\n- location: src\n",
	  "t.yaml:3:13: mounts[0].location: must be an absolute path, got `src`" },
	{ "images: [{location: /x.img}]\nmounts:\n- location: \"~bob/x\"\n",
	  "t.yaml:3:13: mounts[0].location: refers to an unexpandable path: `~bob/x`; of users' homes only `~` itself can be expanded" },
	{ "images: [{location: /x.img}]\nmounts:\n- location: /srv\n  mountpoint: /mnt\n",
	  "t.yaml:4:3: mounts[0].mountpoint: unknown key, ignored (did you mean `mountPoint`?)" },
	{ "images: [{location: /x.img}]\nmounts:\n- location: /srv\n  mountPoint: /etc\n",
	  "t.yaml:4:15: mounts[0].mountPoint: must not be a system path such as /etc or /usr, got `/etc`" },
	{ "images: [{location: /x.img}]\nmounts:\n- location: /srv\n  writable: yes\n",
	  "t.yaml:4:13: mounts[0].writable: must be `true` or `false`, got `yes` (in YAML 1.2 that is no boolean; write `true`)" },
	{ "images: [{location: /x.img}]\nmountType: nfs\n",
	  "t.yaml:2:12: mountType: must be `reverse-sshfs`, `9p`, `virtiofs` or `wsl2`, got `nfs`" },
	{ "images: [{location: /x.img}]\nmountType: sshfs\n",
	  "t.yaml:2:12: mountType: must be `reverse-sshfs`, `9p`, `virtiofs` or `wsl2`, got `sshfs` (did you mean `reverse-sshfs`?)" },
	{ "images: [{location: /x.img}]\nssh:\n  port: 60022\n",
	  "t.yaml:3:3: ssh.port: unknown key, ignored (did you mean `localPort`?)" },
	{ "images: [{location: /x.img}]\nssh:\n  localPort: 22\n",
	  "t.yaml:3:14: ssh.localPort: must not be 22" },
	{ "images: [{location: /x.img}]\nssh: 60022\n",
	  "t.yaml:2:6: ssh: must be a mapping with keys `localPort`, `loadDotSSHPubKeys`, `forwardAgent`, `forwardX11`, `forwardX11Trusted` or `overVsock`, got `60022`" },
	{ "images: [{location: /x.img}]\nmounts: [{location: /srv, 9p: {securityModel: \"none,path=/etc\"}}]\n",
	  "t.yaml:2:47: mounts[0].9p.securityModel: must be `none`, `passthrough`, `mapped`, `mapped-xattr` or `mapped-file`, got `none,path=/etc`" },
	{ "images: [{location: /x.img}]\naudio: {device: \"wav,path=/etc/passwd\"}\n",
	  "t.yaml:2:17: audio.device: must be `none`, `default`, `alsa`, `coreaudio`, `dbus`, `dsound`, `jack`, `oss`, `pa`, `pipewire`, `sdl`, `sndio`, `spice` or `vz`, got `wav,path=/etc/passwd`" },
	{ "images: [{location: /x.img}]\naudio: {device: wav}\n",
	  "t.yaml:2:17: audio.device: must be `none`, `default`, `alsa`, `coreaudio`, `dbus`, `dsound`, `jack`, `oss`, `pa`, `pipewire`, `sdl`, `sndio`, `spice` or `vz`, got `wav`" },
	{ "images: [{location: /x.img}]\nvideo: {display: \"vnc=0.0.0.0:77\"}\n",
	  "t.yaml:2:18: video.display: must be `none`, `default`, `cocoa`, `gtk`, `sdl`, `curses`, `dbus`, `egl-headless`, `spice-app` or `vnc`, with options that are known here, got `vnc=0.0.0.0:77` (`vnc=0.0.0.0:77`); where VNC listens is `video.vnc.display`" },
	{ "images: [{location: /x.img}]\nvideo: {display: \"vnc,password=off\"}\n",
	  "t.yaml:2:18: video.display: must be `none`, `default`, `cocoa`, `gtk`, `sdl`, `curses`, `dbus`, `egl-headless`, `spice-app` or `vnc`, with options that are known here, got `vnc,password=off` (`password=off`); where VNC listens is `video.vnc.display`" },
	{ "images: [{location: /x.img}]\nvideo: {display: \"gtk,gl=on,rendernode=/dev/x\"}\n",
	  "t.yaml:2:18: video.display: must be `none`, `default`, `cocoa`, `gtk`, `sdl`, `curses`, `dbus`, `egl-headless`, `spice-app` or `vnc`, with options that are known here, got `gtk,gl=on,rendernode=/dev/x` (`rendernode=/dev/x`); where VNC listens is `video.vnc.display`" },
	{ "images: [{location: /x.img}]\nvideo: {display: vnc, vnc: {display: \"0.0.0.0:1,password=off\"}}\n",
	  "t.yaml:2:38: video.vnc.display: must be an address and the number of a display, such as `127.0.0.1:0` or `127.0.0.1:0,to=9`, got `0.0.0.0:1,password=off`" },
	{ "images: [{location: /x.img}]\nvideo: {display: vnc, vnc: {display: \"127.0.0.1:1,to=9,websocket=on\"}}\n",
	  "t.yaml:2:38: video.vnc.display: must be an address and the number of a display, such as `127.0.0.1:0` or `127.0.0.1:0,to=9`, got `127.0.0.1:1,to=9,websocket=on`" },
	{ "images: [{location: /x.img}]\nvideo: {display: vnc, vnc: {display: \"unix:/tmp/x\"}}\n",
	  "t.yaml:2:38: video.vnc.display: must be an address and the number of a display, such as `127.0.0.1:0` or `127.0.0.1:0,to=9`, got `unix:/tmp/x`" },
	{ "images: [{location: /x.img}]\nvmOpts: {qemu: {cpuType: {x86_64: \"max -drive file=/x\"}}}\n",
	  "t.yaml:2:35: vmOpts.qemu.cpuType.x86_64: must be the name of a CPU, with features as `+NAME`, `-NAME`, `NAME=on` or `NAME=off` behind commas, got `max -drive file=/x` (`max -drive file=/x`)" },
	{ "images: [{location: /x.img}]\nvmOpts: {qemu: {cpuTpye: {x86_64: max}}}\n",
	  "t.yaml:2:17: vmOpts.qemu.cpuTpye: unknown key, ignored (did you mean `cpuType`?)" },
	{ "images: [{location: /x.img}]\nmounts: [{location: /srv, 9p: {cache: \"mmap,dfltuid=0\"}}]\n",
	  "t.yaml:2:39: mounts[0].9p.cache: must be `none`, `loose`, `fscache`, `mmap` or `readahead`, got `mmap,dfltuid=0`" },
	{ "images: [{location: /x.img}]\nmounts: [{location: /srv, 9p: {protocolVersion: \"9p2000.L,access=any\"}}]\n",
	  "t.yaml:2:49: mounts[0].9p.protocolVersion: must be `9p2000`, `9p2000.u` or `9p2000.L`, got `9p2000.L,access=any`" },
	{ "images: [{location: /x.img}]\nmounts: [{location: \"/srv/a\\nb\"}]\n",
	  "t.yaml:2:21: mounts[0].location: must be one line without control characters (in YAML, `|-` and `>-` leave the last line break out)" },
	{ "images: [{location: /x.img}]\nuser: {comment: \"a\\e]52;c;x\\a\"}\n",
	  "t.yaml:2:17: user.comment: must be one line without control characters (in YAML, `|-` and `>-` leave the last line break out)" },
	{ "images: [{location: /x.img}]\nportForwards:\n- 8080:80\n",
	  "t.yaml:3:3: portForwards[0]: must be a mapping with keys `guestIPMustBeZero`, `guestIP`, `guestPort`, `guestSocket`, `guestPortRange`, `hostIP`, `hostPort`, `hostSocket`, `hostPortRange`, `proto`, `reverse`, `ignore` or `static`, got `8080:80`" },
	{ "images: [{location: /x.img}]\nportForwards:\n- guestPort: 80-90\n",
	  "t.yaml:3:14: portForwards[0].guestPort: must be an integer, got `80-90`" },
	{ "images: [{location: /x.img}]\nportForwards:\n- guestPortRange: 80-90\n",
	  "t.yaml:3:19: portForwards[0].guestPortRange: must be two numbers, `[FIRST, LAST]`, got `80-90`" },
	{ "images: [{location: /x.img}]\nportForwards:\n- guestPortRange: [90, 80]\n",
	  "t.yaml:3:3: portForwards[0].guestPortRange[1]: must not be less than `guestPortRange[0]`, 90" },
	{ "images: [{location: /x.img}]\nportForwards:\n- guestPort: 80\n  proto: http\n",
	  "t.yaml:4:10: portForwards[0].proto: must be `any`, `tcp` or `udp`, got `http` (did you mean `tcp`?)" },
	{ "images: [{location: /x.img}]\nportForwards:\n- guestPort: 80\n  hostIP: localhost\n",
	  "t.yaml:4:11: portForwards[0].hostIP: must be an IP address, got `localhost`" },
	{ "images: [{location: /x.img}]\nprovision:\n- mode: root\n  script: x\n",
	  "t.yaml:3:9: provision[0].mode: must be `system`, `user`, `boot`, `dependency`, `data`, `yq` or `ansible`, got `root` (did you mean `boot`?)" },
	{ "images: [{location: /x.img}]\nprovision:\n- system: |\n    x\n",
	  "t.yaml:3:3: provision[0].system: unknown key, ignored (did you mean `mode: system`?)" },
	{ "images: [{location: /x.img}]\nprovision:\n- mode: data\n  content: x\n",
	  "t.yaml:3:3: provision[0].path: must be set when mode is `data`" },
	{ "images: [{location: /x.img}]\nprovision: |\n  #!/bin/sh\n",
	  "t.yaml:2:12: provision: must be a list (`- ` in front of each item), got `#!/bin/sh `" },
	{ "images: [{location: /x.img}]\nprovision:\n- script:\n",
	  "t.yaml:3:3: provision[0].script: must not be empty" },
	{ "images: [{location: /x.img}]\nprobes:\n- script: echo hi\n",
	  "t.yaml:3:11: probes[0].script: must start with a `#!` line, such as `#!/bin/sh`" },
	{ "images: [{location: /x.img}]\nenv:\n- A=b\n",
	  "t.yaml:3:1: env: must be a mapping, got a list" },
	{ "images: [{location: /x.img}]\nenv: A=b\n",
	  "t.yaml:2:6: env: must be a mapping, got `A=b`" },
	{ "images: [{location: /x.img}]\ndns: 8.8.8.8\n",
	  "t.yaml:2:6: dns: must be a list (`- ` in front of each item), got `8.8.8.8`" },
	{ "images: [{location: /x.img}]\ndns: [8.8.8.8]\n",
	  "t.yaml:2:6: dns: must be empty while `hostResolver.enabled` is true (set `hostResolver: {enabled: false}`)" },
	{ "images: [{location: /x.img}]\nuser: ann\n",
	  "t.yaml:2:7: user: must be a mapping with keys `name`, `comment`, `home`, `shell`, `uid` or `passwordlessSudo`, got `ann`" },
	{ "images: [{location: /x.img}]\nuser:\n  shell: bash\n",
	  "t.yaml:3:10: user.shell: must be an absolute path, got `bash`" },
	{ "images: [{location: /x.img}]\ncontainerd: false\n",
	  "t.yaml:2:13: containerd: must be a mapping with keys `system`, `user` or `archives`, got `false`" },
	{ "images: [{location: /x.img}]\ncontainerd:\n  user: on\n",
	  "t.yaml:3:9: containerd.user: must be `true` or `false`, got `on` (in YAML 1.2 that is no boolean; write `true`)" },
	{ "images: [{location: /x.img}]\nnetworks:\n- shared\n",
	  "t.yaml:3:3: networks[0]: must be a mapping with keys `lima`, `socket`, `vzNAT`, `macAddress`, `interface` or `metric`, got `shared`" },
	{ "images: [{location: /x.img}]\nnetworks:\n- lima: shared\n",
	  "t.yaml:3:9: networks[0].lima: network `shared` has mode `shared`, which is only supported on macOS right now; only user-v2 networks work here" },
	{ "images: [{location: /x.img}]\nnetworks:\n- lima: nope\n",
	  "t.yaml:3:9: networks[0].lima: network `nope` is not defined in networks.yaml, which has `bridged`, `host`, `shared` or `user-v2`" },
	{ "images: [{location: /x.img}]\nparam:\n  unused: x\n",
	  "t.yaml:3:11: param.unused: is not used in any provision, probe, copyToHost, portForward or mount (as {{.Param.unused}} or PARAM_unused)" },
	{ "images: [{location: /x.img}]\nadditionalDisks:\n- name: \"a b\"\n",
	  "t.yaml:3:9: additionalDisks[0].name: is invalid: identifier `a b` must match ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$ (letters and digits, separated by single `.`, `_` or `-`)" },
	{ "images: [{location: /x.img}]\nminimumLimaVersion: 99.0.0\n",
	  "t.yaml:2:21: minimumLimaVersion: template requires Lima version `99.0.0`; this is only `2.2.0`" },
	{ "images: [{location: /x.img}]\nminimumLimaVersion: two\n",
	  "t.yaml:2:21: minimumLimaVersion: must be a semantic version such as `2.0.0`, got `two`" },
	{ "images: [{location: /x.img}]\ncpus: 2\ncpus: 3\n",
	  "t.yaml:3:1: key `cpus` is given twice, first in line 2" },
	{ "images: [{location: /x.img}]\ncpus:2\n",
	  "t.yaml:2:1: expected `: ` behind the key (is the line indented as those around it?)" },
	{ "  cpus: 2\nmemory: 1GiB\n",
	  "t.yaml:2:1: does not belong to what stands above (is the line indented as those around it?)" },
	{ "\tcpus: 2\n",
	  "t.yaml:1:1: a tab cannot indent; use blanks" },
	{ "images: [{location: /x.img}]\ncpus: 2\n memory: 1GiB\n",
	  "t.yaml:3:8: a `:` cannot stand here (quote the value, or check the indentation)" },
	{ "images: [{location: /x.img}]\nmessage: \"hi\n",
	  "t.yaml:2:10: the quote is never closed" },
	{ "images: [{location: /x.img}]\nmessage: it's: fine\n",
	  "t.yaml:2:14: a `:` cannot stand here (quote the value, or check the indentation)" },
	{ "images: [{location: /x.img}]\nprovision:\n- script: |\n  #!/bin/sh\n  x\n",
	  "t.yaml:5:3: expected `: ` behind the key (is the line indented as those around it?)" },
	{ "images: [{location: /x.img}]\na: *b\n",
	  "t.yaml:2:4: alias `*b` without an anchor `&b` before it" },
	{ "images: [{location: /x, digest: abc}]\n",
	  "t.yaml:1:33: images[0].digest: is invalid: `abc`: invalid checksum digest format; write `sha256:` and 64 hex digits" },
	{ "images: [{location: /x, digest: \"sha256:12\"}]\n",
	  "t.yaml:1:33: images[0].digest: is invalid: `sha256:12`: invalid checksum digest length 2; sha256 has 64 hex digits" },
	{ "images: [{location: /x.img}]\ncpuType: {x86_64: max}\n",
	  "t.yaml:2:10: cpuType: deprecated; use `vmOpts.qemu.cpuType`" },
	{ "images: [{location: /x.img}]\nrosetta: {enabled: true}\n",
	  "t.yaml:2:10: rosetta: deprecated; use `vmOpts.vz.rosetta`" },
	{ "images: [{location: /x.img}]\ncopyToHost:\n- guest: a\n  host: b\n",
	  "t.yaml:3:10: copyToHost[0].guest: must be an absolute path, got `a`" },
	{ "images: [{location: /x.img}]\ntpm: yes\n",
	  "t.yaml:2:6: tpm: must be `true` or `false`, got `yes` (in YAML 1.2 that is no boolean; write `true`)" },
	{ "images: [{location: /x.img}]\nplain: \"true\"\n",
	  "t.yaml:2:8: plain: must be `true` or `false` without quotes, got a string" },
	{ "images: [{location: /x.img}]\ntimezone: [UTC]\n",
	  "t.yaml:2:11: timezone: must be a string, got a list" },
	{ "images: [{location: /x.img}]\nvmOpts: qemu\n",
	  "t.yaml:2:9: vmOpts: must be a mapping, got `qemu`" },
	{ "images: [{location: /x.img}]\nhostResolver: {hosts: [a]}\n",
	  "t.yaml:2:23: hostResolver.hosts: must be a mapping, got a list" },
	{ "images: [{location: /x.img}]\nupgradePackages: 1\n",
	  "t.yaml:2:18: upgradePackages: must be `true` or `false`, got `1` (in YAML 1.2 that is no boolean; write `true`)" },
	{ "images: [{location: /x.img}]\ncpus: !!int two\n",
	  "t.yaml:2:7: cpus: must be an integer, got `two`" },
	{ "images: [{location: /x.img}]\nfirmware: {legacyBios: true}\n",
	  "t.yaml:2:12: firmware.legacyBios: unknown key, ignored (did you mean `legacyBIOS`?)" },
	{ "images: [{location: /x.img}]\naudio: {interface: ac97}\n",
	  "t.yaml:2:20: audio.interface: must be `hda`, `virtio` or empty, got `ac97`" },
	{ "images: [{location: /x.img}]\ncaCerts: {files: /x}\n",
	  "t.yaml:2:18: caCerts.files: must be a list (`- ` in front of each item), got `/x`" },
	{ "images: [{location: /x.img}]\nvideo: none\n",
	  "t.yaml:2:8: video: must be a mapping with keys `display` or `vnc`, got `none`" },
	{ "images: [{location: /x.img}]\nhostname: x\n",
	  "t.yaml:2:1: hostname: unknown key, ignored" },
	{ "images: [{location: /x.img}]\nnetwork: [{lima: shared}]\n",
	  "t.yaml:2:1: network: unknown key, ignored (did you mean `networks`?)" },
	{ "images: [{location: /x.img}]\nforwards: []\n",
	  "t.yaml:2:1: forwards: unknown key, ignored (did you mean `portForwards`?)" },
	{ "images: [{location: /x.img}]\nmounts: [{location: \"/srv\", 9p: {msize: big}}]\n",
	  "t.yaml:2:41: mounts[0].9p.msize: has an invalid value: invalid size: 'big'; a size is a number and a unit, such as `4GiB`" },
};

static struct buf told = BUF_INIT;

static void
hear(void *ctx, const char *text)
{
	(void)ctx;
	buf_addf(&told, "%s\n", text);
}

static const struct host host = {
	.os = "Linux", .arch = "x86_64", .cpus = 3, .memory_bytes = (uint64_t)5 << 30, .user = "ann", .host_user = "ann", .comment = "Ann B.",
	.home = "/home/ann", .uid = 501, .host_uid = 501, .timezone = "Europe/Rome", .machine_id = "0123", .tmp = "/tmp",
};

static void
load_as(const char *yaml, bool strict)
{
	struct spec_opts opts = { .home = test_path("lima"), .version = "2.2.0", .warn = hear, .host = &host, .strict = strict };
	struct error err;
	struct spec *s;

	buf_truncate(&told, 0);
	if (spec_load(&s, "vm", "t.yaml", yaml, strlen(yaml), &opts, &err) == 0)
		spec_free(s);
	else if (!told.len)
		buf_addf(&told, "%s\n", err.msg);
	free((char *)opts.home);
}

static void
load(const char *yaml)
{
	load_as(yaml, false);
}

TEST(messages)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		load(cases[i].yaml);
		buf_truncate(&told, strcspn(told.s, "\n"));
		if (strcmp(told.s, cases[i].told) != 0)
			fail_msg("%s\nis told: %s\nand not: %s", cases[i].yaml, told.s, cases[i].told);
	}
}

/* What only whoever wrote the text just now is told as a fault: unknown keys, and sizes that nobody means. */
static const struct { const char *yaml, *told; } strict_cases[] = {
	{ "images: [{location: /x.img}]\ncpu: 2\n", "t.yaml:2:1: cpu: unknown key (did you mean `cpus`?)" },
	{ "images: [{location: /x.img}]\nhostname: x\n", "t.yaml:2:1: hostname: unknown key (--lenient passes over it)" },
	{ "images: [{location: /x.img}]\nlocalPort: 1\n", "t.yaml:2:1: localPort: unknown key here (there is `ssh.localPort`)" },
	{ "images: [{location: /x.img}]\nmounts: [{location: /srv, mountpoint: /x}]\n",
	  "t.yaml:2:27: mounts[0].mountpoint: unknown key (did you mean `mountPoint`?)" },
	{ "images: [{location: /x.img}]\nvmOpts: {qemu: {cpuTpye: {x86_64: max}}}\n",
	  "t.yaml:2:17: vmOpts.qemu.cpuTpye: unknown key (did you mean `cpuType`?)" },
	{ "images: [{location: /x.img}]\nmemory: 4\n",
	  "t.yaml:2:9: memory: `4` without a unit is a number of bytes; write `4GiB`, if that is what you mean" },
	{ "images: [{location: /x.img}]\ndisk: \"20\"\n",
	  "t.yaml:2:7: disk: `20` without a unit is a number of bytes; write `20GiB`, if that is what you mean" },
	{ "images: [{location: /x.img}]\nmemory: 8MiB\n", "t.yaml:2:9: memory: must be at least 16MiB, got `8MiB`" },
	{ "images: [{location: /x.img}]\ndisk: 10k\n", "t.yaml:2:7: disk: must be at least 1MiB, got `10k`" },
};

TEST(strict)
{
	for (size_t i = 0; i < ARRAY_LEN(strict_cases); i++) {
		load_as(strict_cases[i].yaml, true);
		buf_truncate(&told, strcspn(told.s, "\n"));
		if (strcmp(told.s, strict_cases[i].told) != 0)
			fail_msg("%s\nis told: %s\nand not: %s", strict_cases[i].yaml, told.s, strict_cases[i].told);
	}
	/* programs write bytes, and some a key that begins with x- */
	load_as("images: [{location: /x.img}]\nmemory: 4294967296\nx-mine: 1\n", true);
	assert_string_equal(told.s, "");
}

/* all of a file in one run, each on a line of its own that says where */
TEST(all_at_once)
{
	size_t lines = 0;

	load("cpus: two\nmemory: lots\narch: amd64\nmounts: [{location: src}, {location: /srv, mountPoint: /etc}]\nssh: {localPort: 22}\n"
	     "provision: [{mode: data}, {script: ''}]\nportForwards: [{guestPort: 22}]\nnetworks: [{lima: nope}]\naudio: {interface: x}\n"
	     "probes: [{script: x}]\nuser: {shell: bash}\n");
	for (const char *p = told.s; *p; p = strchr(p, '\n') + 1) {
		if (strncmp(p, "t.yaml:", 7) != 0)
			fail_msg("no place: %s", p);
		lines++;
	}
	assert_int_equal(lines, 14);
}

/* errors and warnings, as one reads the file; what default.yaml and others say apart from that */
TEST(in_the_order_of_the_file)
{
	load("images: [{location: /x}]\nnetworks: [{lima: user-v2, metric: x}]\ncpu: 2\nmounts: [{location: src, mountpoint: /x}]\nplain: 1\n"
	     "cpus: two\nprobes: [{script: x}]\n");
	assert_string_equal(told.s,
		"t.yaml:2:36: networks[0].metric: must be an integer, got `x`\n"
		"t.yaml:3:1: cpu: unknown key, ignored (did you mean `cpus`?)\n"
		"t.yaml:4:21: mounts[0].location: must be an absolute path, got `src`\n"
		"t.yaml:4:26: mounts[0].mountpoint: unknown key, ignored (did you mean `mountPoint`?)\n"
		"t.yaml:5:8: plain: must be `true` or `false`, got `1` (in YAML 1.2 that is no boolean; write `true`)\n"
		"t.yaml:6:7: cpus: must be an integer, got `two`\n"
		"t.yaml:7:19: probes[0].script: must start with a `#!` line, such as `#!/bin/sh`\n");
}

/* what is quoted may be anything, and must stay on its line and away from the terminal */
TEST(nothing_reaches_the_terminal)
{
	load("images: [{location: /x}]\ncpus: \"a\\e[31m\\nb\"\n");
	assert_null(strchr(told.s, '\033'));
	assert_ptr_equal(strchr(told.s, '\n'), told.s + told.len - 1);
}
