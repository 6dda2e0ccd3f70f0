/*
 * What a change of each key costs: the table's word for it, what the plan's readers are told, and
 * what the resource types make of it agree. Every key is here; a new one is added with an example.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reconciler/env.h"
#include "reconciler/graph.h"
#include "reconciler/plan.h"
#include "reconciler/resource.h"
#include "resources/applied_config.h"
#include "resources/types.h"
#include "resources/unsupported.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/keys.h"
#include "state/desired/spec/spec.h"
#include "tests/unit/test.h"

extern const struct resource_type resource_dir, resource_network_entry;

#define IMAGE "images: [{location: /x, arch: x86_64}]\n"
#define NONE "plain: true\n" IMAGE

/* `more` is in both; `path`: where the change is told, if not at the key itself */
struct example {
	const char *key, *more, *from, *to, *path;
};

#define PROVISION(rest) "provision: [{script: x, " rest "}]"
#define DATA(rest) "provision: [{mode: data, path: /a, content: c, " rest "}]"
#define YQ(rest) "provision: [{mode: yq, path: /a, " rest "}]"
#define FORWARD(rest) "portForwards: [{static: true, " rest "}]"
#define DISK(rest) "additionalDisks: [{name: d, " rest "}]"
#define MOUNT(rest) "mounts: [{location: /srv, " rest "}]"
#define KERNEL(rest) "images: [{location: /x, arch: x86_64, kernel: {" rest "}}]"
#define INITRD(rest) "images: [{location: /x, arch: x86_64, initrd: {" rest "}}]"
#define SUM(digit) "'sha256:" digit "00000000000000000000000000000000000000000000000000000000000000" digit "'"

static const struct example examples[] = {
	{ "vmType", NONE, "vmType: qemu", "vmType: vz" },
	{ "vmOpts", NONE, "vmOpts: {qemu: {cpuType: {x86_64: max}}}", "vmOpts: {qemu: {cpuType: {x86_64: host}}}", "vmOpts.qemu.cpuType.x86_64" },
	{ "os", NONE, "os: Linux", "os: FreeBSD" },
	{ "arch", "plain: true\nimages: [{location: /x, arch: x86_64}, {location: /x, arch: aarch64}]\n", "arch: x86_64", "arch: aarch64" },
	{ "images[].location", "plain: true\n", "images: [{location: /x}]", "images: [{location: /y}]", "images[0].location" },
	{ "images[].arch", "plain: true\n", "images: [{location: /x}, {location: /y, arch: aarch64}]", "images: [{location: /x}, {location: /y, arch: s390x}]",
	  "images[1].arch" },
	{ "images[].digest", "plain: true\n", "images: [{location: /x, digest: " SUM("1") "}]", "images: [{location: /x, digest: " SUM("2") "}]",
	  "images[0].digest" },
	{ "images[].kernel.location", "plain: true\n", KERNEL("location: /k"), KERNEL("location: /l"), "images[0].kernel.location" },
	{ "images[].kernel.digest", "plain: true\n", KERNEL("location: /k, digest: " SUM("1")), KERNEL("location: /k, digest: " SUM("2")),
	  "images[0].kernel.digest" },
	{ "images[].kernel.arch", "plain: true\n", "images: [{location: /x}, {location: /y, arch: aarch64, kernel: {location: /k}}]",
	  "images: [{location: /x}, {location: /y, arch: s390x, kernel: {location: /k}}]", "images[1].kernel.arch" },
	{ "images[].kernel.cmdline", "plain: true\n", KERNEL("location: /k, cmdline: a"), KERNEL("location: /k, cmdline: b"), "images[0].kernel.cmdline" },
	{ "images[].initrd.location", "plain: true\n", INITRD("location: /k"), INITRD("location: /l"), "images[0].initrd.location" },
	{ "images[].initrd.digest", "plain: true\n", INITRD("location: /k, digest: " SUM("1")), INITRD("location: /k, digest: " SUM("2")),
	  "images[0].initrd.digest" },
	{ "images[].initrd.arch", "plain: true\n", "images: [{location: /x}, {location: /y, arch: aarch64, initrd: {location: /k}}]",
	  "images: [{location: /x}, {location: /y, arch: s390x, initrd: {location: /k}}]", "images[1].initrd.arch" },
	{ "images[].variant", "plain: true\n", "images: [{location: /x, variant: a}]", "images: [{location: /x, variant: b}]", "images[0].variant" },
	{ "images[].archVariant", "plain: true\n", "images: [{location: /x, archVariant: a}]", "images: [{location: /x, archVariant: b}]",
	  "images[0].archVariant" },
	{ "cpuType", NONE, "cpuType: {x86_64: max}", "cpuType: {x86_64: host}", "cpuType.x86_64" },
	{ "cpus", NONE, "cpus: 1", "cpus: 2" },
	{ "memory", NONE, "memory: 1GiB", "memory: 2GiB" },
	{ "disk", NONE, "disk: 1GiB", "disk: 2GiB" },
	{ "snapshots[].name", NONE, "snapshots: [{name: a}]", "snapshots: [{name: b}]", "snapshots[0].name" },
	{ "snapshots[].every", NONE, "snapshots: [{name: a, every: 1d}]", "snapshots: [{name: a, every: 2d}]", "snapshots[0].every" },
	{ "snapshots[].keep", NONE, "snapshots: [{name: a, keep: 1}]", "snapshots: [{name: a, keep: 2}]", "snapshots[0].keep" },
	{ "warmStart", NONE, "warmStart: false", "warmStart: true" },
	{ "diskMode", NONE, "diskMode: overlay", "diskMode: copy" },
	{ "additionalDisks[].name", NONE, "additionalDisks: [d]", "additionalDisks: [e]", "additionalDisks[0].name" },
	{ "additionalDisks[].format", NONE, DISK("format: true"), DISK("format: false"), "additionalDisks[0].format" },
	{ "additionalDisks[].fsType", NONE, DISK("fsType: ext4"), DISK("fsType: xfs"), "additionalDisks[0].fsType" },
	{ "additionalDisks[].fsArgs", NONE, DISK("fsArgs: [a]"), DISK("fsArgs: [b]"), "additionalDisks[0].fsArgs[0]" },
	{ "mounts[].location", IMAGE, "mounts: [{location: /srv, mountPoint: /m}]", "mounts: [{location: /opt/a, mountPoint: /m}]", "mounts[0].location" },
	{ "mounts[].mountPoint", IMAGE, MOUNT("mountPoint: /m"), MOUNT("mountPoint: /n"), "mounts[0].mountPoint" },
	{ "mounts[].writable", IMAGE, MOUNT("writable: true"), MOUNT("writable: false"), "mounts[0].writable" },
	{ "mounts[].sshfs.cache", IMAGE "mountType: reverse-sshfs\n", MOUNT("sshfs: {cache: true}"), MOUNT("sshfs: {cache: false}"), "mounts[0].sshfs.cache" },
	{ "mounts[].sshfs.followSymlinks", IMAGE "mountType: reverse-sshfs\n", MOUNT("sshfs: {followSymlinks: true}"),
	  MOUNT("sshfs: {followSymlinks: false}"), "mounts[0].sshfs.followSymlinks" },
	{ "mounts[].sshfs.sftpDriver", IMAGE "mountType: reverse-sshfs\n", MOUNT("sshfs: {sftpDriver: builtin}"),
	  MOUNT("sshfs: {sftpDriver: openssh-sftp-server}"), "mounts[0].sshfs.sftpDriver" },
	{ "mounts[].9p.securityModel", IMAGE, MOUNT("9p: {securityModel: none}"), MOUNT("9p: {securityModel: mapped-file}"), "mounts[0].9p.securityModel" },
	{ "mounts[].9p.protocolVersion", IMAGE, MOUNT("9p: {protocolVersion: 9p2000.L}"), MOUNT("9p: {protocolVersion: 9p2000.u}"),
	  "mounts[0].9p.protocolVersion" },
	{ "mounts[].9p.msize", IMAGE, MOUNT("9p: {msize: 128KiB}"), MOUNT("9p: {msize: 256KiB}"), "mounts[0].9p.msize" },
	{ "mounts[].9p.cache", IMAGE, MOUNT("9p: {cache: mmap}"), MOUNT("9p: {cache: none}"), "mounts[0].9p.cache" },
	{ "mounts[].virtiofs.queueSize", IMAGE "mountType: virtiofs\n", MOUNT("virtiofs: {queueSize: 512}"), MOUNT("virtiofs: {queueSize: 1024}"),
	  "mounts[0].virtiofs.queueSize" },
	{ "mountTypesUnsupported", IMAGE MOUNT("writable: true") "\n", "mountTypesUnsupported: [virtiofs]", "mountTypesUnsupported: [9p]", "mountTypesUnsupported[0]" },
	{ "mountType", IMAGE MOUNT("writable: true") "\n", "mountType: 9p", "mountType: reverse-sshfs" },
	{ "mountInotify", IMAGE MOUNT("writable: true") "\n", "mountInotify: false", "mountInotify: true" },
	{ "ssh.localPort", NONE, "ssh: {localPort: 60001}", "ssh: {localPort: 60002}" },
	{ "ssh.loadDotSSHPubKeys", NONE, "ssh: {loadDotSSHPubKeys: false}", "ssh: {loadDotSSHPubKeys: true}" },
	{ "ssh.forwardAgent", NONE, "ssh: {forwardAgent: false}", "ssh: {forwardAgent: true}" },
	{ "ssh.forwardX11", NONE, "ssh: {forwardX11: false}", "ssh: {forwardX11: true}" },
	{ "ssh.forwardX11Trusted", NONE "", "ssh: {forwardX11: true, forwardX11Trusted: false}", "ssh: {forwardX11: true, forwardX11Trusted: true}" },
	{ "ssh.overVsock", NONE, "ssh: {overVsock: false}", "ssh: {overVsock: true}" },
	{ "firmware.legacyBIOS", NONE, "firmware: {legacyBIOS: false}", "firmware: {legacyBIOS: true}" },
	{ "firmware.images[].location", NONE, "firmware: {images: [{location: /x}]}", "firmware: {images: [{location: /y}]}", "firmware.images[0].location" },
	{ "firmware.images[].arch", NONE, "firmware: {images: [{location: /x, arch: x86_64}]}", "firmware: {images: [{location: /x, arch: aarch64}]}",
	  "firmware.images[0].arch" },
	{ "firmware.images[].digest", NONE, "firmware: {images: [{location: /x, digest: a}]}", "firmware: {images: [{location: /x, digest: b}]}",
	  "firmware.images[0].digest" },
	{ "firmware.images[].vmType", NONE, "firmware: {images: [{location: /x, vmType: qemu}]}", "firmware: {images: [{location: /x, vmType: vz}]}",
	  "firmware.images[0].vmType" },
	{ "audio.device", NONE, "audio: {device: none}", "audio: {device: pa}" },
	{ "audio.interface", NONE "", "audio: {device: none, interface: hda}", "audio: {device: none, interface: virtio}" },
	{ "video.display", NONE, "video: {display: none}", "video: {display: default}" },
	{ "video.vnc.display", NONE, "video: {vnc: {display: ':1'}}", "video: {vnc: {display: ':2'}}" },
	{ "provision[].mode", NONE, PROVISION("mode: system"), PROVISION("mode: user"), "provision[0].mode" },
	{ "provision[].skipDefaultDependencyResolution", NONE, PROVISION("mode: dependency, skipDefaultDependencyResolution: false"),
	  PROVISION("mode: dependency, skipDefaultDependencyResolution: true"), "provision[0].skipDefaultDependencyResolution" },
	{ "provision[].script", NONE, "provision: [{script: x}]", "provision: [{script: y}]", "provision[0].script" },
	{ "provision[].content", NONE, "provision: [{mode: data, path: /a, content: c}]", "provision: [{mode: data, path: /a, content: d}]",
	  "provision[0].content" },
	{ "provision[].overwrite", NONE, DATA("overwrite: true"), DATA("overwrite: false"), "provision[0].overwrite" },
	{ "provision[].owner", NONE, DATA("owner: a"), DATA("owner: b"), "provision[0].owner" },
	{ "provision[].path", NONE, "provision: [{mode: data, path: /a}]", "provision: [{mode: data, path: /b}]", "provision[0].path" },
	{ "provision[].permissions", NONE, DATA("permissions: '600'"), DATA("permissions: '644'"), "provision[0].permissions" },
	{ "provision[].expression", NONE, YQ("expression: .a=1"), YQ("expression: .a=2"), "provision[0].expression" },
	{ "provision[].format", NONE, YQ("expression: .a=1, format: ini"), YQ("expression: .a=1, format: json"), "provision[0].format" },
	{ "provision[].playbook", NONE, "provision: [{mode: ansible, playbook: /etc/passwd}]", "provision: [{mode: ansible, playbook: /etc/hostname}]",
	  "provision[0].playbook" },
	{ "upgradePackages", NONE, "upgradePackages: false", "upgradePackages: true" },
	{ "containerd.system", IMAGE, "containerd: {user: false, system: false}", "containerd: {user: false, system: true}" },
	{ "containerd.user", IMAGE, "containerd: {user: false}", "containerd: {user: true}" },
	{ "containerd.archives[].location", IMAGE, "containerd: {archives: [{location: /a}]}", "containerd: {archives: [{location: /b}]}",
	  "containerd.archives[0].location" },
	{ "containerd.archives[].arch", IMAGE, "containerd: {archives: [{location: /a}, {location: /b, arch: aarch64}]}",
	  "containerd: {archives: [{location: /a, arch: aarch64}, {location: /b, arch: x86_64}]}", "containerd.archives[0].arch" },
	{ "containerd.archives[].digest", IMAGE, "containerd: {archives: [{location: /a, digest: " SUM("1") "}]}",
	  "containerd: {archives: [{location: /a, digest: " SUM("2") "}]}", "containerd.archives[0].digest" },
	{ "guestInstallPrefix", NONE, "guestInstallPrefix: /a", "guestInstallPrefix: /b" },
	{ "probes[].mode", NONE, NULL, NULL },		/* has but one value */
	{ "probes[].description", NONE, "probes: [{script: '#!a', description: a}]", "probes: [{script: '#!a', description: b}]", "probes[0].description" },
	{ "probes[].script", NONE, "probes: [{script: '#!a'}]", "probes: [{script: '#!b'}]", "probes[0].script" },
	{ "probes[].hint", NONE, "probes: [{script: '#!a', hint: a}]", "probes: [{script: '#!a', hint: b}]", "probes[0].hint" },
	{ "portForwards[].guestIPMustBeZero", IMAGE, "portForwards: [{guestIP: 0.0.0.0, guestPort: 80, guestIPMustBeZero: false}]",
	  "portForwards: [{guestIP: 0.0.0.0, guestPort: 80, guestIPMustBeZero: true}]", "portForwards[0].guestIPMustBeZero" },
	{ "portForwards[].guestIP", NONE, FORWARD("guestPort: 80, guestIP: 127.0.0.1"), FORWARD("guestPort: 80, guestIP: 127.0.0.2"), "portForwards[0].guestIP" },
	{ "portForwards[].guestPort", NONE, FORWARD("hostPort: 8080, guestPort: 80"), FORWARD("hostPort: 8080, guestPort: 81"), "portForwards[0].guestPort" },
	{ "portForwards[].guestSocket", IMAGE, "portForwards: [{hostSocket: h, guestSocket: /a}]", "portForwards: [{hostSocket: h, guestSocket: /b}]",
	  "portForwards[0].guestSocket" },
	{ "portForwards[].guestPortRange", NONE, FORWARD("guestPortRange: [80, 81], hostPortRange: [8080, 8081]"),
	  FORWARD("guestPortRange: [82, 83], hostPortRange: [8080, 8081]"), "portForwards[0].guestPortRange[0]" },
	{ "portForwards[].hostIP", NONE, FORWARD("guestPort: 80, hostIP: 127.0.0.1"), FORWARD("guestPort: 80, hostIP: 127.0.0.2"), "portForwards[0].hostIP" },
	{ "portForwards[].hostPort", NONE, FORWARD("guestPort: 80, hostPort: 8080"), FORWARD("guestPort: 80, hostPort: 8081"), "portForwards[0].hostPort" },
	{ "portForwards[].hostSocket", IMAGE, "portForwards: [{guestSocket: /a, hostSocket: h}]", "portForwards: [{guestSocket: /a, hostSocket: i}]",
	  "portForwards[0].hostSocket" },
	{ "portForwards[].hostPortRange", NONE, FORWARD("guestPortRange: [80, 81], hostPortRange: [8080, 8081]"),
	  FORWARD("guestPortRange: [80, 81], hostPortRange: [8082, 8083]"), "portForwards[0].hostPortRange[0]" },
	{ "portForwards[].proto", NONE, FORWARD("guestPort: 80, proto: tcp"), FORWARD("guestPort: 80, proto: udp"), "portForwards[0].proto" },
	{ "portForwards[].reverse", IMAGE, "portForwards: [{guestSocket: /a, hostSocket: h}]", "portForwards: [{guestSocket: /a, hostSocket: h, reverse: true}]",
	  "portForwards[0].reverse" },
	{ "portForwards[].ignore", NONE, FORWARD("guestPort: 80"), FORWARD("guestPort: 80, ignore: true"), "portForwards[0].ignore" },
	{ "portForwards[].static", IMAGE, "portForwards: [{guestPort: 80}]", "portForwards: [{guestPort: 80, static: true}]", "portForwards[0].static" },
	{ "copyToHost[].guest", NONE, "copyToHost: [{host: /h, guest: /a}]", "copyToHost: [{host: /h, guest: /b}]", "copyToHost[0].guest" },
	{ "copyToHost[].host", NONE, "copyToHost: [{guest: /h, host: /a}]", "copyToHost: [{guest: /h, host: /b}]", "copyToHost[0].host" },
	{ "copyToHost[].skipIfMissing", NONE, "copyToHost: [{guest: /h, host: /a}]", "copyToHost: [{guest: /h, host: /a, skipIfMissing: true}]",
	  "copyToHost[0].skipIfMissing" },
	{ "copyToHost[].deleteOnStop", NONE, "copyToHost: [{guest: /h, host: /a}]", "copyToHost: [{guest: /h, host: /a, deleteOnStop: true}]",
	  "copyToHost[0].deleteOnStop" },
	{ "message", NONE, "message: a", "message: b" },
	{ "networks[].lima", NONE, "networks: [{socket: /nowhere/s, macAddress: '52:55:55:00:00:01'}]",
	  "networks: [{lima: user-v2, macAddress: '52:55:55:00:00:01'}]", "networks[0].lima" },
	{ "networks[].socket", NONE, "networks: [{socket: /nowhere/a}]", "networks: [{socket: /nowhere/b}]", "networks[0].socket" },
	{ "networks[].vzNAT", NONE, "networks: [{socket: /nowhere/a}]", "networks: [{vzNAT: true}]", "networks[0].vzNAT" },
	{ "networks[].macAddress", NONE, "networks: [{lima: user-v2, macAddress: '52:55:55:00:00:01'}]",
	  "networks: [{lima: user-v2, macAddress: '52:55:55:00:00:02'}]", "networks[0].macAddress" },
	{ "networks[].interface", NONE, "networks: [{lima: user-v2, interface: a0}]", "networks: [{lima: user-v2, interface: b0}]", "networks[0].interface" },
	{ "networks[].metric", NONE, "networks: [{lima: user-v2, metric: 1}]", "networks: [{lima: user-v2, metric: 2}]", "networks[0].metric" },
	{ "env", NONE, "env: {A: a}", "env: {A: b}", "env.A" },
	{ "param", NONE "provision: [{script: PARAM_p}]\n", "param: {p: a}", "param: {p: b}", "param.p" },
	{ "secrets", NONE "env: {A: b}\n", "secrets: []", "secrets: [A]", "secrets[0]" },
	{ "dns", NONE "hostResolver: {enabled: false}\n", "dns: [1.1.1.1]", "dns: [8.8.8.8]", "dns[0]" },
	{ "hostResolver.enabled", NONE, "hostResolver: {enabled: true}", "hostResolver: {enabled: false}" },
	{ "hostResolver.ipv6", IMAGE, "hostResolver: {ipv6: false}", "hostResolver: {ipv6: true}" },
	{ "hostResolver.hosts", IMAGE, "hostResolver: {hosts: {a: 10.0.0.1}}", "hostResolver: {hosts: {a: 10.0.0.2}}", "hostResolver.hosts.a" },
	{ "propagateProxyEnv", NONE, "propagateProxyEnv: true", "propagateProxyEnv: false" },
	{ "caCerts.removeDefaults", NONE, "caCerts: {removeDefaults: false}", "caCerts: {removeDefaults: true}" },
	{ "caCerts.files", NONE, NULL, NULL },		/* the files are in the folder of the test: below */
	{ "caCerts.certs", NONE, "caCerts: {certs: [\"-----BEGIN CERTIFICATE-----\\nAA\\n-----END CERTIFICATE-----\\n\"]}",
	  "caCerts: {certs: [\"-----BEGIN CERTIFICATE-----\\nBB\\n-----END CERTIFICATE-----\\n\"]}", "caCerts.certs[0]" },
	{ "rosetta.enabled", NONE, "rosetta: {enabled: false}", "rosetta: {enabled: true}" },
	{ "rosetta.binfmt", NONE, "rosetta: {binfmt: false}", "rosetta: {binfmt: true}" },
	{ "plain", IMAGE, "plain: false", "plain: true" },
	{ "timezone", NONE, NULL, NULL },		/* plain has none: below */
	{ "nestedVirtualization", NONE, "nestedVirtualization: false", "nestedVirtualization: true" },
	{ "user.name", NONE, "user: {name: a, home: /h}", "user: {name: b, home: /h}" },
	{ "user.comment", NONE, "user: {comment: a}", "user: {comment: b}" },
	{ "user.home", NONE, "user: {home: /a}", "user: {home: /b}" },
	{ "user.shell", NONE, "user: {shell: /a}", "user: {shell: /b}" },
	{ "user.uid", NONE, "user: {uid: 1}", "user: {uid: 2}" },
	{ "user.passwordlessSudo", NONE, "user: {passwordlessSudo: true}", "user: {passwordlessSudo: false}" },
	{ "tpm", NONE, "tpm: false", "tpm: true" },
	{ "osOpts", NONE, "osOpts: {Linux: {a: 1}}", "osOpts: {Linux: {a: 2}}", "osOpts.Linux.a" },
};

#define ok_here(expr) do { \
	if ((expr) < 0) \
		fail_msg("%s: %s", #expr, err->msg); \
} while (0)

/* --- two specs, and the graphs of both */

struct world {
	struct env env;
	struct spec_opts opts;
};

static struct buf told = BUF_INIT, faults = BUF_INIT;

static void __attribute__((format(printf, 1, 2)))
fault(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&faults, fmt, ap);
	va_end(ap);
	buf_addc(&faults, '\n');
}

#define fails(expr, why) do { \
	memset(&err, 0, sizeof err); \
	assert_true((expr) < 0); \
	assert_int_equal(err.code, why); \
} while (0)

static void
hear(void *ctx, const char *text)
{
	(void)ctx;
	buf_addf(&told, "%s\n", text);
}

static void
world_release(struct world *w)
{
	free((char *)w->env.home);
	free((char *)w->env.share);
	free((char *)w->env.cache);
}

static void
begin(struct world *w)
{
	static const struct host host = {
		.os = "Linux", .arch = "x86_64", .cpus = 2, .memory_bytes = (uint64_t)4 << 30, .user = "ann", .host_user = "ann", .comment = "Ann",
		.home = "/home/ann", .uid = 501, .host_uid = 501, .timezone = "Europe/Rome", .machine_id = "0123", .tmp = "/tmp",
	};
	char *home = test_path("changes"), *share = test_path("share");

	test_put(home, "_config/user.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJB0B8r3vj+l4FCDSWzQQApAqjeJQ3OJKxHNhCmFMHwC lima\n");
	test_put(share, "cidata/boot.sh", "#!/bin/sh\n");
	test_put(share, "cidata/list", "0a9fd2e4a3ae3e2d5f6c7b8a99887766554433221100ffeeddccbbaa99887766  boot.sh\n");
	test_put(share, "yq/x86_64/list", "0a9fd2e4a3ae3e2d5f6c7b8a99887766554433221100ffeeddccbbaa99887766  lima-yq\n");
	for (const char *const *arch = (const char *const[]){ "x86_64", "aarch64", "armv7l", "ppc64le", "riscv64", "s390x", NULL }; *arch; arch++) {
		auto_free char *agent = xasprintf("lima-guestagent.Linux-%s", *arch);

		test_put(share, agent, "an agent\n");
	}
	/* keys to load, and a proxy to hand on */
	test_put(home, ".ssh/id.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJB0B8r3vj+l4FCDSWzQQApAqjeJQ3OJKxHNhCmFMHwD ann\n");
	setenv("HOME", home, 1);
	setenv("http_proxy", "http://proxy.example:3128", 1);
	*w = (struct world){
		.env = { .home = home, .share = share, .libexec = share, .cache = test_path("cache"), .version = "2.2.0", .program = "/bin/true" },
		.opts = { .home = home, .version = "2.2.0", .warn = hear, .host = &host },
	};
}

/* NULL: it is not valid */
static struct spec *
load_if(struct world *w, const char *more, const char *text)
{
	auto_free char *yaml = xasprintf("%s%s\n", more, text);
	struct spec *s = NULL;

	buf_truncate(&told, 0);
	if (spec_load(&s, "i", "i.yaml", yaml, strlen(yaml), &w->opts, NULL) < 0)
		return NULL;
	s->goal = GOAL_RUNNING;
	return s;
}

static struct spec *
load(struct world *w, const char *more, const char *text)
{
	struct spec *s = load_if(w, more, text);

	if (!s)
		fail_msg("%s%s\n%s", more, text, told.s);
	return s;
}

/* what types want of it; false: this machine cannot do that yet */
static bool
declare(struct world *w, struct graph *g, const struct spec *s)
{
	struct error err = { 0 };

	if (unsupported_check(s, &err) < 0)
		return false;
	for (size_t i = 0; resource_types[i]; i++)
		if (resource_types[i]->declare && strcmp(resource_types[i]->name, "dir") != 0 && resource_types[i]->declare(s, &w->env, g, &err) < 0)
			fault("%s: %s\n%s", resource_types[i]->name, err.msg, s->yaml);
	return true;
}

struct effect {
	bool restarts;		/* the machine by itself, its disk or kernel */
	bool boots;		/* cidata */
	bool live;		/* anything else but images */
	bool fetches;
};

static void
note(struct effect *e, const struct resource *r, enum cost cost)
{
	const char *type = r->type->name;

	if (cost == COST_NONE)
		return;
	if (!strcmp(type, "vm") ? cost == COST_REPLACE : !strcmp(type, "disk") || !strcmp(type, "data-disk") || !strcmp(type, "kernel") || !strcmp(type, "initrd"))
		e->restarts = true;
	else if (!strcmp(type, "cidata"))
		e->boots = true;
	else if (!strcmp(type, "image") || !strcmp(type, "archive"))
		e->fetches = true;
	else
		e->live = true;
}

/* What the planner makes of what is wanted in `to`, where all is there that is wanted in `from`. */
static void
compare(struct effect *e, struct graph *from, struct graph *to)
{
	for (size_t i = 0; i < to->n; i++) {
		struct resource *r = to->v[i], *o = graph_find(from, r->type->name, r->name);

		if (!o || (r->wanted && !o->wanted))
			note(e, r, COST_REPLACE);
		if (!o)
			continue;
		r->have = o->want;
		/* What limactl brings along, and what runs on a running machine: that machine keeps what it has (resource_type.late). */
		for (const struct attr *a = r->type->attrs; a && a->name; a++)
			if (!r->type->late || strcmp(a->name, "tools") != 0)
				note(e, r, attr_differs(r, a));
	}
	for (size_t i = 0; i < from->n; i++)
		if (from->v[i]->wanted && !graph_find(to, from->v[i]->type->name, from->v[i]->name))
			note(e, from->v[i], COST_REPLACE);
}

static bool
find_effect(struct world *w, const struct spec *a, const struct spec *b, struct effect *e)
{
	struct graph g = { 0 }, h = { 0 };
	bool able = declare(w, &g, a) && declare(w, &h, b);

	*e = (struct effect){ 0 };
	if (able)
		compare(e, &g, &h);
	graph_release(&g);
	graph_release(&h);
	return able;
}

/* --- is it as the table says? */

static const char *
wrong_effect(const struct key *k, const struct effect *e)
{
	switch (k->change) {
	case CHANGE_NOTE:
		return e->restarts || e->boots || e->live || e->fetches ? "something is to be done after all" : NULL;
	case CHANGE_LIVE: case CHANGE_AGENT:
		return e->restarts || e->boots ? "it is not done in place" : !e->live ? "nothing is to be done" : NULL;
	case CHANGE_BOOT:
		/* One that may be live is the machine's to change, and to be restarted for. */
		return (k->flags & KEY_LIVE ? e->boots : e->restarts) ? "the machine itself changes" : !e->boots && !e->restarts ? "the guest is not told" : NULL;
	case CHANGE_RESTART:
		return !e->restarts && !e->boots ? "nothing restarts the machine" : NULL;
	case CHANGE_CREATION:
		return e->restarts || e->boots || e->live ? "it has an effect later, too" : NULL;
	case CHANGE_REFUSED: case CHANGE_UNSAID:
		break;
	}
	return NULL;
}

/* What the planner says of the folder of an instance that was brought to `a` and is to be `b`: 0, or the code of its error. */
static int
plan_folder(struct world *w, const struct spec *b, struct error *err)
{
	struct graph g = { 0 };
	struct plan p = { 0 };
	struct facts have = { 0 };
	struct resource *r;
	int rc = 0;

	memset(err, 0, sizeof *err);
	ok_here(resource_dir.declare(b, &w->env, &g, err));
	ok_here(resource_network_entry.declare(b, &w->env, &g, err));
	r = graph_find(&g, "dir", b->name);
	r->spec = b;
	ok_here(rc = resource_dir.observe(&w->env, r, &have, &g.arena, err));
	r->present = rc == 1;
	r->have = have;
	rc = graph_resolve(&g, err) < 0 || plan_make(&g, &p, err) < 0 ? err->code : 0;
	plan_release(&p);
	graph_release(&g);
	return rc;
}

static void
check_refused(struct world *w, const struct spec *a, const struct spec *b, const char *path, bool refused)
{
	struct error err = { 0 };
	auto_free char *dir = xasprintf("%s/i", w->env.home);
	int rc;

	ok(fs_mkdirs(dir, 0700, &err));
	ok(applied_write(dir, a, &err));
	rc = plan_folder(w, b, &err);
	if (refused && (rc != ERR_REFUSED || !strstr(err.msg, path)))
		fault("%s: must be refused: %s", path, rc ? err.msg : "");
	if (!refused && rc)
		fault("%s: %s", path, err.msg);
	ok(fs_remove_tree(dir, &err));
}

/* What a running machine is restarted for, its agent told of, or what is refused is a part of its own, by the table alone. */
static void
check_parts(const struct spec *a, const struct spec *b, const char *path, enum key_change cost)
{
	static const struct {
		enum spec_part part;
		enum key_change change;
	} parts[] = { { SPEC_MACHINE, CHANGE_RESTART }, { SPEC_AGENT, CHANGE_AGENT }, { SPEC_FIXED, CHANGE_REFUSED } };
	AUTO(arena) arena = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		bool differs = spec_part_differs(spec_part(&arena, a->json, parts[i].part), spec_part(&arena, b->json, parts[i].part));

		if (differs && parts[i].change != cost && cost < parts[i].change)
			fault("%s: costs more than the table says", path);
		if (!differs && parts[i].change == cost)
			fault("%s: costs nothing", path);
	}
}

static void
check_example(struct world *w, const struct example *x, const struct key *k)
{
	struct spec *a = load(w, x->more, x->from), *b = load(w, x->more, x->to);
	const char *path = x->path ? x->path : x->key, *wrong;
	AUTO(arena) arena = { 0 };
	struct spec_change *v;
	struct error err;
	struct effect e;
	size_t n, i = 0;

	ok(spec_diff(&arena, a->json, b->json, &v, &n, &err));
	while (i < n && strcmp(v[i].path, path) != 0)
		i++;
	if (i == n)
		fault("%s: not told by the plan: %zu others, first %s", path, n, n ? v[0].path : "-");
	else if (strcmp(v[i].cost, key_change_text(k->change)) != 0)
		fault("%s: told as another class than the table's", path);
	check_refused(w, a, b, path, k->change == CHANGE_REFUSED);
	check_parts(a, b, path, key_part(k, !strcmp(a->mount_type, "reverse-sshfs") && !strcmp(b->mount_type, "reverse-sshfs")));
	wrong = k->change != CHANGE_REFUSED && find_effect(w, a, b, &e) ? wrong_effect(k, &e) : NULL;
	if (wrong)
		fault("%s: %s: %s", x->key, key_change_text(k->change), wrong);
	spec_free(a);
	spec_free(b);
}

/* To be told and done alike when it is written for the first time, and when it is taken out again. */
static void
check_unset(struct world *w, const struct example *x, const struct key *k)
{
	for (int way = 0; way < 2; way++) {
		struct spec *a = load_if(w, x->more, way ? x->to : ""), *b = load_if(w, x->more, way ? "" : x->to);
		const char *path = x->path ? x->path : x->key, *wrong = NULL;
		AUTO(arena) arena = { 0 };
		struct spec_change *v;
		struct error err;
		struct effect e;
		size_t n = 0;

		if (a && b)
			ok(spec_diff(&arena, a->json, b->json, &v, &n, &err));
		if (n == 1 && !strcmp(v[0].path, path) && find_effect(w, a, b, &e))
			wrong = wrong_effect(k, &e);
		if (wrong)
			fault("%s (%s): %s: %s", x->key, way ? "to unset" : "from unset", key_change_text(k->change), wrong);
		spec_free(a);
		spec_free(b);
	}
}

static const struct example *
example_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(examples); i++)
		if (!strcmp(examples[i].key, key))
			return &examples[i];
	return NULL;
}

/* never in a filled configuration */
static bool
is_gone_when_filled(const char *path)
{
	return !strncmp(path, "base", 4) || strstr(path, ".file.") || !strcmp(path, "minimumLimaVersion");
}

static void
check_key(void *ctx, const char *path, const struct key *k)
{
	const struct example *x = example_of(path);

	if (k->type != KEY_GROUP && k->change == CHANGE_UNSAID)
		fault("%s: the table does not say what a change costs", path);
	if (k->type == KEY_GROUP || k->type == KEY_LIST || is_gone_when_filled(path))
		return;
	if (!x)
		fault("%s: has no example here", path);
	if (!x->from)
		return;
	check_example(ctx, x, k);
	if (k->change != CHANGE_REFUSED)
		check_unset(ctx, x, k);
}

TEST(every_key_costs_what_the_table_says)
{
	AUTO(world) w = { 0 };

	begin(&w);
	key_each(check_key, &w);
	assert_string_equal(faults.s, "");
}

TEST(keys_whose_examples_need_more)
{
	AUTO(world) w = { 0 };
	struct example x;

	begin(&w);
	x = (struct example){ "timezone", IMAGE, "timezone: Europe/Rome", "timezone: Asia/Tokyo", NULL };
	check_example(&w, &x, key_find("timezone"));
	test_put(w.env.home, "a.pem", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n");
	test_put(w.env.home, "b.pem", "-----BEGIN CERTIFICATE-----\nBB\n-----END CERTIFICATE-----\n");
	x = (struct example){ "caCerts.files", NONE, xasprintf("caCerts: {files: [%s/a.pem]}", w.env.home),
			      xasprintf("caCerts: {files: [%s/b.pem]}", w.env.home), "caCerts.files[0]" };
	check_example(&w, &x, key_find("caCerts.files"));
	free((char *)x.from);
	free((char *)x.to);
	assert_string_equal(faults.s, "");
}

/* --- how it is told */

static void
differs(const char *have, const char *want, const char *told_as)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct spec_change *v;
	struct error err;
	size_t n;

	ok(spec_diff(&a, have, want, &v, &n, &err));
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s: %s -> %s;", v[i].path, v[i].have ? v[i].have : "unset", v[i].want ? v[i].want : "unset");
	assert_string_equal(b.s, told_as);
}

TEST(differences)
{
	differs("{}", "{}", "");
	differs("{\"cpus\":1}", "{\"cpus\":2}", "cpus: 1 -> 2;");
	differs("{\"memory\":\"1GiB\"}", "{\"memory\":\"1024MiB\"}", "");
	differs("{\"env\":{\"A\":\"a\",\"B\":\"b\"}}", "{\"env\":{\"B\":\"c\",\"C\":\"d\"}}", "env.A: a -> unset;env.B: b -> c;env.C: unset -> d;");
	differs("{}", "{\"ssh\":{\"localPort\":1}}", "ssh.localPort: unset -> 1;");
	differs("{\"mounts\":[{\"location\":\"/a\"},{\"location\":\"/b\"}]}", "{\"mounts\":[{\"location\":\"/b\"}]}",
		"mounts[0]: {\"location\":\"/a\"} -> unset;");
	differs("{\"dns\":[\"1.1.1.1\"]}", "{\"dns\":[\"1.1.1.1\",\"8.8.8.8\"]}", "dns[1]: unset -> 8.8.8.8;");
	differs("{\"provision\":[{\"script\":\"#!/bin/sh\\na\"}]}", "{\"provision\":[{\"script\":\"#!/bin/sh\\nb\"}]}",
		"provision[0].script: ... -> ...;");
	differs("{\"message\":\"a\\u001b[31m\"}", "{\"message\":\"b\"}", "message: a?[31m -> b;");
	differs("{\"vmOpts\":{\"qemu\":1}}", "{\"vmOpts\":{\"qemu\":{\"a\":1}}}", "vmOpts.qemu: 1 -> {\"a\":1};");
}

static const char *
cost_of(const char *type, const char *have, const char *want)
{
	auto_free char *from = xasprintf("{\"mountType\":\"%s\",\"mounts\":%s}", type, have);
	auto_free char *to = xasprintf("{\"mountType\":\"%s\",\"mounts\":%s}", type, want);
	AUTO(arena) a = { 0 };
	struct spec_change *v;
	struct error err;
	size_t n;

	ok(spec_diff(&a, from, to, &v, &n, &err));
	assert_int_equal(n, 1);
	return v[0].cost;
}

TEST(folders_over_ssh_come_and_go_while_it_runs)
{
	assert_string_equal(cost_of("reverse-sshfs", "[]", "[{\"location\":\"/a\"}]"), "in place");
	assert_string_equal(cost_of("reverse-sshfs", "[{\"writable\":false}]", "[{\"writable\":true}]"), "in place");
	assert_string_equal(cost_of("9p", "[]", "[{\"location\":\"/a\"}]"), "a running machine is restarted");
	assert_string_equal(cost_of("9p", "[{\"writable\":false}]", "[{\"writable\":true}]"), "a running machine is restarted");
}

/* A key that a new version of us has, with what it always was: told, and nothing to do. */
TEST(a_key_that_is_new_to_the_table_costs_nothing)
{
	AUTO(arena) a = { 0 };
	struct spec_change *v;
	struct error err;
	size_t n;

	ok(spec_diff(&a, "{}", "{\"tpm\":false}", &v, &n, &err));
	assert_int_equal(n, 1);
	assert_string_equal(v[0].cost, key_change_text(CHANGE_NOTE));
	ok(spec_diff(&a, "{}", "{\"tpm\":true}", &v, &n, &err));
	assert_string_equal(v[0].cost, key_change_text(CHANGE_RESTART));
}

TEST(no_configuration)
{
	AUTO(arena) a = { 0 };
	struct spec_change *v;
	struct error err;
	size_t n;

	fails(spec_diff(&a, "", "{}", &v, &n, &err), ERR_INVALID);
	fails(spec_diff(&a, "{}", "[1]", &v, &n, &err), ERR_INVALID);
}

/* The folder's own step sweeps it of temporary files: who makes one there comes after that step, whatever else is planned. */
TEST(who_writes_into_the_folder_comes_after_its_sweep)
{
	static const char *const writers[] = { "cidata", "disk", "hostkey", "playbook", "sshconfig", "vm" };
	AUTO(world) w = { 0 };
	struct graph g = { 0 };
	struct error err;
	struct spec *s;
	auto_free char *text = NULL;

	begin(&w);
	test_put(w.env.home, "p.yaml", "[]\n");
	text = xasprintf("provision: [{mode: ansible, playbook: '%s/p.yaml'}]", w.env.home);
	s = load(&w, NONE, text);
	ok(resource_dir.declare(s, &w.env, &g, &err));
	assert_true(declare(&w, &g, s));
	ok(graph_resolve(&g, &err));
	for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
		auto_free char *first = xasprintf("%s:0", s->name);
		const struct resource *r = graph_find(&g, writers[i], strcmp(writers[i], "playbook") ? s->name : first);
		bool after = false;

		assert_non_null(r);
		for (size_t k = 0; k < r->nneeds; k++)
			after |= r->needs[k].to->type == &resource_dir;
		if (!after)
			fail_msg("%s does not need dir", writers[i]);
	}
	graph_release(&g);
	spec_free(s);
}

/* an instance that is only to be stopped may say what it likes; the same text to be started is refused */
TEST(a_stop_is_never_refused)
{
	AUTO(world) w = { 0 };
	struct error err = { 0 };
	struct spec *a, *b;

	begin(&w);
	a = load(&w, NONE, "user: {name: a, home: /h}");
	b = load(&w, NONE, "user: {name: b, home: /h}");
	test_put(w.env.home, "i/lima.yaml", b->yaml);
	ok(applied_write(b->dir, a, &err));
	assert_int_equal(plan_folder(&w, b, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "dir i: cannot change user.name: a -> b: not in an existing instance"));
	b->goal = GOAL_STOPPED;
	assert_int_equal(plan_folder(&w, b, &err), 0);
	b->goal = GOAL_ABSENT;
	assert_int_equal(plan_folder(&w, b, &err), 0);
	/* an edit of a stopped instance brings another text */
	b->goal = GOAL_STOPPED;
	test_put(w.env.home, "i/lima.yaml", a->yaml);
	assert_int_equal(plan_folder(&w, b, &err), ERR_REFUSED);
	spec_free(a);
	spec_free(b);
}

/* One that upstream made says what it was by its lima.yaml alone. */
TEST(what_cannot_change_is_known_without_a_record)
{
	AUTO(world) w = { 0 };
	struct error err;
	struct spec *a, *b;

	begin(&w);
	a = load(&w, NONE, "user: {name: a, home: /h}");
	b = load(&w, NONE, "user: {name: b, home: /h}");
	test_put(w.env.home, "i/lima.yaml", a->yaml);
	assert_int_equal(plan_folder(&w, b, &err), ERR_REFUSED);
	assert_int_equal(plan_folder(&w, a, &err), 0);
	spec_free(a);
	spec_free(b);
}

static void
add_part(void *ctx, const char *path, const char *have, const char *want)
{
	buf_addf(ctx, "%s: %s -> %s;", path, have ? have : "unset", want ? want : "unset");
}

static void
part_differs(const char *have, const char *want, const char *told_as)
{
	AUTO(buf) b = BUF_INIT;

	spec_part_diff(have, want, add_part, &b);
	assert_string_equal(b.len ? b.s : "", told_as);
	assert_int_equal(spec_part_differs(have, want), *told_as != 0);
}

TEST(parts_differ_key_by_key)
{
	part_differs("ssh.localPort=1\nmemory=1GiB\n", "ssh.localPort=2\nmemory=1GiB\n", "ssh.localPort: 1 -> 2;");
	part_differs("ssh.localPort=1\n", "", "ssh.localPort: 1 -> unset;");
	part_differs("", "ssh.localPort=1\n", "ssh.localPort: unset -> 1;");
	/* a key that is new to the table, and says what it would without being said; one that is in it no more */
	part_differs("ssh.localPort=1\n", "ssh.localPort=1\ntpm:=false\n", "");
	part_differs("ssh.localPort=1\ntpm:=false\n", "ssh.localPort=1\n", "");
	part_differs("tpm:=false\n", "tpm=true\n", "tpm: false -> true;");
	/* what an earlier version had in it, and the thing that it is of tells now */
	part_differs("ssh.localPort=1\ndisk=1GiB\n", "ssh.localPort=1\n", "");
	part_differs("cpus=1\nssh.localPort=1\n", "ssh.localPort=1\n", "");
	/* a default that a new version has changed */
	part_differs("tpm:=false\n", "tpm:=true\n", "tpm: false -> true;");
	part_differs("no line", "a", "");
}

TEST(a_part_is_what_the_table_says_and_no_more)
{
	AUTO(arena) a = { 0 };

	assert_string_equal(spec_part(&a, "{\"plain\":true,\"cpus\":4,\"memory\":\"1024MiB\",\"tpm\":false,\"message\":\"x\"}", SPEC_MACHINE),
			    "plain=true\ntpm:=false\n");
	/* A size is one however it is written; what may be changed as it runs is the thing's to compare. */
	assert_string_equal(spec_part(&a, "{\"mountType\":\"9p\",\"mounts\":[{\"9p\":{\"msize\":\"1024KiB\"}}]}", SPEC_MACHINE),
			    "mountType=9p\nmounts[0].9p.msize=1MiB\n");
	assert_string_equal(spec_part(&a, "{\"message\":\"x\"}", SPEC_FIXED), "");
	/* folders over SSH are no devices of the machine */
	assert_string_equal(spec_part(&a, "{\"mountType\":\"reverse-sshfs\",\"mounts\":[{\"location\":\"/a\"}]}", SPEC_MACHINE),
			    "mountType=reverse-sshfs\n");
	assert_string_equal(spec_part(&a, "{\"mountType\":\"reverse-sshfs\",\"mounts\":[{\"location\":\"/a\"}]}", SPEC_AGENT),
			    "mounts[0].location=/a\n");
	/* what is for another architecture is not of this machine */
	assert_string_equal(spec_part(&a, "{\"arch\":\"x86_64\",\"firmware\":{\"images\":[{\"location\":\"/a\",\"arch\":\"aarch64\"}]}}",
				      SPEC_MACHINE), "");
	assert_string_equal(spec_part(&a, "", SPEC_MACHINE), "");
	assert_string_equal(spec_part(&a, "[", SPEC_MACHINE), "");
}
