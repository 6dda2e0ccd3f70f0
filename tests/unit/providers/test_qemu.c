#include "providers/drivers/qemu/qemu.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/privilege.h"
#include "tests/unit/test.h"

/* The argument list, an option and its value a line. */
static char *
lines(const struct qemu_machine *m)
{
	AUTO(arena) mem = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;
	const char **argv;
	size_t n;

	ok(qemu_argv(m, &mem, &argv, &n, &err));
	assert_null(argv[n]);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%c", argv[i], argv[i][0] == '-' ? ' ' : '\n');
	return buf_detach(&b);
}

static void
has(const struct qemu_machine *m, const char *line)
{
	auto_free char *all = lines(m), *whole = xasprintf("%s\n", line);

	if (!strstr(all, whole))
		fail_msg("'%s' is not in:\n%s", line, all);
}

static void
has_not(const struct qemu_machine *m, const char *text)
{
	auto_free char *all = lines(m);

	if (strstr(all, text))
		fail_msg("'%s' is in:\n%s", text, all);
}

static struct qemu_machine
plain(const char *arch)
{
	return (struct qemu_machine){
		.accel = "tcg",
		.is = {
			.name = "default", .dir = "/home/u/.lima/default", .arch = arch, .os = "Linux", .cpus = 2,
			.memory_bytes = 512 << 20, .ssh_port = 38073, .mac = "52:55:55:86:4b:01",
			.disk = { "/home/u/.lima/default/disk", "qcow2" }, .cidata = "/home/u/.lima/default/cidata.iso",
		},
	};
}

/*
 * What upstream starts for an x86_64 guest of 2 CPUs and 512 MiB with two 9p
 * mounts; but for `format=` and `cache=` of the disk.
 */
TEST(is_the_reference_vector)
{
	static const struct machine_share mounts[] = {
		{ .tag = "lima-1111", .path = "/home/u", .security_model = "none" },
		{ .tag = "lima-2222", .path = "/tmp/lima", .security_model = "none", .writable = true },
	};
	struct qemu_machine m = plain("x86_64");
	auto_free char *got = NULL;

	m.firmware_code = "/usr/share/OVMF/OVMF_CODE.fd";
	m.is.share_type = SHARE_9P;
	m.is.shares = mounts;
	m.is.nshares = ARRAY_LEN(mounts);
	got = lines(&m);
#define I "/home/u/.lima/default"
	assert_string_equal(got,
		"-m 512\n"
		"-object memory-backend-ram,id=pc.ram,size=512M\n"
		"-cpu max\n"
		"-machine q35,vmport=off,memory-backend=pc.ram\n"
		"-accel tcg,thread=multi,tb-size=512\n"
		"-global ICH9-LPC.disable_s3=1\n"
		"-global ICH9-LPC.disable_s4=1\n"
		"-smp 2,sockets=1,cores=2,threads=1\n"
		"-drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd\n"
		"-device qemu-xhci,id=usb-bus\n"
		"-drive file=" I "/disk,format=qcow2,cache=writeback,auto-read-only=off,if=none,discard=on,id=boot-disk\n"
		"-device virtio-blk-pci,drive=boot-disk,bootindex=1\n"
		"-boot order=c,splash-time=0,menu=on\n"
		"-drive id=cdrom0,if=none,format=raw,readonly=on,file=" I "/cidata.iso\n"
		"-device virtio-scsi,id=scsi0\n"
		"-device scsi-cd,bus=scsi0.0,drive=cdrom0\n"
		"-netdev user,id=net0,net=192.168.5.0/24,dhcpstart=192.168.5.15,hostfwd=tcp:127.0.0.1:38073-:22\n"
		"-device virtio-net-pci,netdev=net0,mac=52:55:55:86:4b:01\n"
		"-device virtio-rng-pci\n"
		"-audiodev none,id=snd0\n"
		"-display none\n"
		"-vga none\n"
		"-parallel none\n"
		"-chardev socket,id=char-serial,path=" I "/serial.sock,server=on,wait=off,logfile=" I "/serial.log\n"
		"-serial chardev:char-serial\n"
		"-chardev socket,id=char-serial-virtio,path=" I "/serialv.sock,server=on,wait=off,logfile=" I "/serialv.log\n"
		"-device virtio-serial-pci,id=virtio-serial0,max_ports=1\n"
		"-device virtconsole,chardev=char-serial-virtio,id=console0\n"
		"-virtfs local,mount_tag=lima-1111,path=/proc/self/fd/3,security_model=none,readonly=on\n"
		"-virtfs local,mount_tag=lima-2222,path=/proc/self/fd/4,security_model=none\n"
		"-chardev socket,id=char-qmp,path=" I "/qmp.sock,server=on,wait=off\n"
		"-qmp chardev:char-qmp\n"
		"-name lima-default\n"
		"-pidfile " I "/qemu.pid\n");
}

TEST(architectures_differ_by_table)
{
	static const struct {
		const char *arch, *accel, *line;
	} cases[] = {
		{ "x86_64", "kvm", "-machine q35,accel=kvm,memory-backend=pc.ram,graphics=off" },
		{ "x86_64", "kvm", "-cpu host" },
		{ "aarch64", "tcg", "-machine virt,accel=tcg,memory-backend=mach-virt.ram" },
		{ "aarch64", "tcg", "-cpu max,pauth-impdef=on" },
		{ "aarch64", "kvm", "-cpu host" },
		{ "aarch64", "tcg", "-device pci-serial,chardev=char-serial-pci" },
		{ "armv7l", "tcg", "-device pci-serial,chardev=char-serial-pci" },
		{ "riscv64", "tcg", "-machine virt,accel=tcg,memory-backend=riscv_virt_board.ram" },
		{ "riscv64", "tcg", "-cpu rv64" },
		{ "ppc64le", "tcg", "-machine pseries,accel=tcg,memory-backend=ppc_spapr.ram" },
		{ "s390x", "tcg", "-machine s390-ccw-virtio,accel=tcg,memory-backend=s390.ram" },
		{ "s390x", "tcg", "-device virtio-blk-ccw,drive=boot-disk,bootindex=1" },
		{ "s390x", "tcg", "-device virtio-net-ccw,netdev=net0,mac=52:55:55:86:4b:01" },
		{ "s390x", "tcg", "-device virtio-serial-pci,id=virtio-serial0,max_ports=2" },
	};

	struct qemu_machine x86, arm, z;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct qemu_machine m = plain(cases[i].arch);

		m.accel = cases[i].accel;
		has(&m, cases[i].line);
	}
	x86 = plain("x86_64");
	has_not(&x86, "pci-serial");
	arm = plain("aarch64");
	has_not(&arm, "ICH9");
	z = plain("s390x");
	has_not(&z, "xhci");
	assert_true(qemu_needs_firmware("x86_64") && qemu_needs_firmware("aarch64"));
	assert_false(qemu_needs_firmware("s390x") || qemu_needs_firmware("ppc64le") || qemu_needs_firmware("z80"));
	assert_true(qemu_boots_bare_kernel("riscv64") && qemu_boots_bare_kernel("armv7l") && !qemu_boots_bare_kernel("aarch64"));
	assert_true(qemu_has_legacy_bios("x86_64") && !qemu_has_legacy_bios("aarch64"));
}

TEST(doubles_commas_in_paths)
{
	struct qemu_machine m = plain("x86_64");

	m.is.dir = "/a,b";
	m.is.disk.path = "/a,b/disk,";
	m.is.disk.format = "raw";
	m.is.kernel = "/a,b/kernel";
	has(&m, "-drive file=/a,,b/disk,,,format=raw,cache=writeback,auto-read-only=off,if=none,discard=on,id=boot-disk");
	has(&m, "-chardev socket,id=char-qmp,path=/a,,b/qmp.sock,server=on,wait=off");
	has(&m, "-kernel /a,b/kernel");
	has(&m, "-pidfile /a,b/qemu.pid");
}

TEST(boots_a_kernel_or_an_iso)
{
	struct qemu_machine m = plain("x86_64");

	m.is.kernel = "/i/kernel";
	m.is.initrd = "/i/initrd";
	m.cmdline = "console=ttyS0 a=b,c";
	has(&m, "-kernel /i/kernel\n-append console=ttyS0 a=b,c\n-initrd /i/initrd");
	m = plain("x86_64");
	m.is.iso = "/i/iso";
	has(&m, "-drive file=/home/u/.lima/default/disk,format=qcow2,cache=writeback,auto-read-only=off,if=virtio,discard=on\n"
		"-boot order=d,splash-time=0,menu=on\n-drive file=/i/iso,format=raw,media=cdrom,readonly=on");
	m.firmware_code = "/f/code.fd";
	m.firmware_vars = "/i/vars.fd";
	has(&m, "-drive if=pflash,format=raw,readonly=on,file=/f/code.fd");
	has(&m, "-drive if=pflash,unit=1,format=qcow2,auto-read-only=off,file=/i/vars.fd");
}

TEST(adds_disks_networks_and_a_tpm)
{
	static const struct image_disk disks[] = { { "/d/one", "qcow2" }, { "/d/two", "raw" } };
	static const struct machine_net nets[] = { { "/n/sw.sock", "52:55:55:00:00:02" } };
	struct qemu_machine m = plain("x86_64");
	AUTO(arena) mem = { 0 };
	const char *const *folders;
	size_t nfolders;

	m.is.data_disks = disks;
	m.is.ndata_disks = 2;
	m.is.nets = nets;
	m.is.nnets = 1;
	m.tpm_socket = "/i/swtpm.sock";
	has(&m, "-drive file=/d/one,format=qcow2,cache=writeback,auto-read-only=off,if=virtio,discard=on\n"
		"-drive file=/d/two,format=raw,cache=writeback,auto-read-only=off,if=virtio,discard=on");
	has(&m, "-netdev stream,id=net1,server=off,addr.type=unix,addr.path=/n/sw.sock\n"
		"-device virtio-net-pci,netdev=net1,mac=52:55:55:00:00:02");
	has(&m, "-tpmdev emulator,id=tpm0,chardev=chrtpm\n-device tpm-crb,tpmdev=tpm0");
	m.version[0] = 8;
	has(&m, "-netdev stream,id=net1,server=off,addr.type=unix,addr.path=/n/sw.sock,reconnect=1");
	m.version[0] = 9;
	m.version[1] = 2;
	m.is.net0.socket = "/n/zero.sock";
	has(&m, "-netdev stream,id=net0,server=off,addr.type=unix,addr.path=/n/zero.sock,reconnect-ms=500");
	has_not(&m, "hostfwd");
	m.is.net0 = (struct machine_net){ .socket = "/n/ports/a.sock", .local = "/i/net0.sock" };
	has(&m, "-netdev dgram,id=net0,local.type=unix,local.path=/i/net0.sock,remote.type=unix,remote.path=/n/ports/a.sock");
	has(&m, ",host_mtu=65000");
	/* who has given root up has the folders of the ports open, behind those of 9p */
	m.switches_by_fd = true;
	has(&m, "-netdev dgram,id=net0,local.type=unix,local.path=/i/net0.sock,remote.type=unix,remote.path=/proc/self/fd/3/a.sock");
	m.is.share_type = SHARE_9P;
	m.is.nshares = 1;
	m.is.shares = (struct machine_share[]){ { .tag = "a", .path = "/a" } };
	has(&m, "remote.path=/proc/self/fd/4/a.sock");
	folders = qemu_folders(&m, &mem, &nfolders);
	assert_int_equal(nfolders, 1);
	assert_string_equal(folders[0], "/n/ports");
}

TEST(shows_and_sounds)
{
	struct qemu_machine m = plain("x86_64");

	m.is.display = "vnc";
	has(&m, "-display vnc=127.0.0.1:0,to=9,password=on\n-device virtio-vga\n-device virtio-keyboard-pci\n"
		"-device virtio-tablet-pci");
	m.is.display = "gtk";
	m.is.audio_device = "default";
	m.is.audio_interface = "virtio";
	has(&m, "-display gtk\n-device virtio-vga\n-device virtio-keyboard-pci\n-device virtio-mouse-pci");
	has(&m, "-audiodev pa,id=snd0\n-device ich9-intel-hda\n-device hda-output,audiodev=snd0");
	m.version[0] = 8;
	m.version[1] = 2;
	has(&m, "-audiodev pa,id=snd0\n-device virtio-sound-pci,audiodev=snd0");
}

TEST(virtiofs_shares_the_memory)
{
	static const struct machine_share mount = { .tag = "lima-1", .path = "/x", .queue_size = 512 };
	struct qemu_machine m = plain("x86_64");

	m.is.share_type = SHARE_VIRTIOFS;
	m.is.shares = &mount;
	m.is.nshares = 1;
	has(&m, "-m 512\n-object memory-backend-file,id=pc.ram,size=512M,mem-path=/dev/shm,share=on");
	has(&m, "-machine q35,vmport=off,memory-backend=pc.ram,graphics=off");
	has(&m, "-chardev socket,id=char-virtiofs-0,path=/home/u/.lima/default/virtiofsd-0.sock\n"
		"-device vhost-user-fs-pci,queue-size=512,chardev=char-virtiofs-0,tag=lima-1");
}

TEST(one_that_waits_for_its_memory_does_not_boot)
{
	struct qemu_machine m = plain("x86_64");

	has_not(&m, "-incoming");
	m.is.waits = true;
	has(&m, "-pidfile /home/u/.lima/default/qemu.pid\n-incoming defer");
	has_not(&m, "-S\n-");
}

TEST(words_of_the_user_win)
{
	static const char *const program[] = { "/usr/bin/q", "-cpu", "Nehalem", "-d", "int" };
	struct qemu_machine m = plain("x86_64");

	m.program = program;
	m.nprogram = ARRAY_LEN(program);
	has(&m, "-cpu Nehalem\n-d int\n-m 512\n-object memory-backend-ram,id=pc.ram,size=512M\n"
		"-machine q35,vmport=off,memory-backend=pc.ram,graphics=off");
	has_not(&m, "-cpu max");
	/* a BIOS with a screen speaks there */
	m.is.display = "gtk";
	has_not(&m, "graphics=off");
	m.is.cpu = "Haswell,-avx2";
	m.nprogram = 1;
	has(&m, "-cpu Haswell,-avx2");
}

static char *
type_of(const char *dir, const char *arch, const int version[3], bool runs)
{
	static const char *const program[] = { "/bin/false" };
	struct qemu_machine m = plain(arch);
	AUTO(arena) a = { 0 };
	struct error err;

	m.is.dir = dir;
	m.is.runs = runs;
	m.program = program;
	m.nprogram = 1;
	memcpy(m.version, version, sizeof m.version);
	ok(qemu_machine_type(&m, &a, &err));
	return xstrdup(m.type ? m.type : "");
}

/* What an instance was first started with stays, unless this QEMU does not have it. */
TEST(a_machine_keeps_its_version)
{
	static const int v72[3] = { 7, 2, 22 }, v100[3] = { 10, 0, 2 }, next[3] = { 10, 0, 50 };
	struct qemu_machine m = plain("x86_64");
	auto_free char *kept = test_path("machine.type");
	long host = sysconf(_SC_NPROCESSORS_ONLN);
	auto_free char *room = xasprintf("pc-q35-7.2\ncpus %ld\n", host > 32 ? 32 : host);
	const struct { const char *was, *arch; const int *version; bool runs; const char *is, *kept; } cases[] = {
		{ NULL, "x86_64", v72, false, "pc-q35-7.2", room },
		{ "pc-q35-7.2\ncpus 7\n", "x86_64", v72, false, "pc-q35-7.2", "pc-q35-7.2\ncpus 7\n" },
		{ "pc-q35-10.0\ncpus 7\n", "x86_64", v72, false, "pc-q35-7.2", "pc-q35-7.2\ncpus 7\n" },
		{ "pc-q35-7.2\n", "x86_64", v72, false, "pc-q35-7.2", "pc-q35-7.2\n" },
		{ "pc-q35-10.0\n", "x86_64", v72, false, "pc-q35-7.2", "pc-q35-7.2\n" },
		{ "pc-q35-10.0\n", "x86_64", v100, true, "pc-q35-10.0", "pc-q35-10.0\n" },
		/* /bin/false has no list of types */
		{ "pc-q35-2.4\n", "x86_64", v100, false, "pc-q35-10.0", "pc-q35-10.0\n" },
		{ "rubbish,accel=x\n", "x86_64", v72, false, "pc-q35-7.2", "pc-q35-7.2\n" },
		{ "pc-q35-7.2,kernel=/etc/passwd\n", "x86_64", v72, false, "pc-q35-7.2", "pc-q35-7.2\n" },
		{ NULL, "aarch64", v72, false, "virt-7.2", "virt-7.2\n" },
		{ NULL, "x86_64", v72, true, "", NULL },
		{ NULL, "x86_64", next, false, "", NULL },
		{ NULL, "riscv64", v72, false, "", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *got = NULL;
		AUTO(buf) file = BUF_INIT;
		struct error err;

		ok(fs_unlink(kept, &err));
		if (cases[i].was)
			ok(fs_write(kept, cases[i].was, strlen(cases[i].was), 0600, &err));
		got = type_of(test_dir_, cases[i].arch, cases[i].version, cases[i].runs);
		assert_string_equal(got, cases[i].is);
		assert_int_equal(fs_read_if(kept, &file, 100, &err), cases[i].kept != NULL);
		assert_string_equal(file.s ? file.s : "", cases[i].kept ? cases[i].kept : "");
	}
	/* room for processors is in what it keeps, and where nobody wants it, it is as it ever was */
	m.is.cpus = 2;
	m.most_cpus = 4;
	has(&m, "-smp 2,sockets=1,cores=2,threads=1");
	m.is.room = true;
	has(&m, "-smp 2,maxcpus=4,sockets=1,cores=4,threads=1");
	m.is.cpus = 5;
	has(&m, "-smp 5,sockets=1,cores=5,threads=1");
	m = plain("x86_64");
	m.type = "pc-q35-7.2";
	has(&m, "-machine pc-q35-7.2,vmport=off,memory-backend=pc.ram,graphics=off");
	m = plain("riscv64");
	m.type = "virt-7.2";
	has(&m, "-machine virt-7.2,accel=tcg,memory-backend=riscv_virt_board.ram");
}

TEST(gives_up_system_calls)
{
	struct qemu_machine m = plain("x86_64");

	has_not(&m, "-sandbox");
	m.sandbox = true;
	has(&m, "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	has_not(&m, "-runas");
	m.run_as = m.run_as_group = 61200;
	has(&m, "-sandbox on,obsolete=deny,elevateprivileges=allow,spawn=deny,resourcecontrol=deny");
	has(&m, "-runas 61200:61200");
}

TEST(root_becomes_a_user_of_the_instance_where_nothing_is_opened_later)
{
	static const struct machine_share passed[] = { { .tag = "a", .path = "/a", .security_model = "passthrough", .writable = true } };
	static const struct machine_share mapped[] = { { .tag = "a", .path = "/a", .security_model = "mapped-xattr" } };
	uint64_t sets = CAP(CAP_SETUID) | CAP(CAP_SETGID);
	struct qemu_machine m = plain("x86_64");

	assert_int_not_equal(qemu_user("/a"), qemu_user("/b"));
	assert_in_range(qemu_user("/a"), 61184, 65519);
	qemu_confine(&m);
	assert_int_equal(m.run_as, geteuid() == 0 && privilege_can_become(qemu_user(m.is.dir)) ? qemu_user(m.is.dir) : 0);
	assert_true(!m.run_as || (m.capabilities & sets) == sets);
	m.is.share_type = SHARE_9P;
	m.is.nshares = 1;
	m.is.shares = mapped;
	qemu_confine(&m);
	assert_int_equal(m.run_as, 0);
	assert_int_equal(m.capabilities, 0);
	m.is.shares = passed;
	qemu_confine(&m);
	assert_int_equal(m.run_as, 0);
	assert_int_equal(m.capabilities & sets, 0);
	assert_int_equal(!!(m.capabilities & CAP(CAP_CHOWN)), geteuid() == 0);
}

/* Is there such an item, all of it? */
static bool
can_open(const struct qemu_machine *m, const char *item)
{
	AUTO(arena) mem = { 0 };
	size_t n;
	const char *const *v = qemu_files(m, &mem, &n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i], item))
			return true;
	return false;
}

TEST(qemu_opens_its_disks_and_folders_and_no_file_of_the_instance)
{
	static const struct machine_share shares[] = { { .tag = "a", .path = "/a", .writable = true }, { .tag = "b", .path = "/b" } };
	struct qemu_machine m = plain("x86_64");
	AUTO(arena) mem = { 0 };
	size_t n;

	m.is.disk = (struct image_disk){ .path = "/i/diffdisk", .format = "qcow2", .base = "/i/basedisk", .base_format = "raw" };
	m.is.dir = "/i";
	m.is.cidata = "/i/cidata.iso";
	m.program = (const char *const[]){ "/usr/bin/qemu-system-x86_64" };
	m.nprogram = 1;
	m.is.share_type = SHARE_9P;
	m.is.shares = shares;
	m.is.nshares = 2;
	assert_true(can_open(&m, "s /i"));
	assert_true(can_open(&m, "rw /i/diffdisk"));
	assert_true(can_open(&m, "r /i/basedisk"));
	assert_true(can_open(&m, "r /i/cidata.iso"));
	assert_true(can_open(&m, "rw /i/serial.log"));
	assert_true(can_open(&m, "rwm /proc/self/fd/3"));
	assert_true(can_open(&m, "r /proc/self/fd/4"));
	/* a window's libraries open what they like */
	m.is.display = "gtk";
	qemu_files(&m, &mem, &n);
	assert_int_equal(n, 0);
	m.is.display = "vnc";
	assert_true(can_open(&m, "s /i"));
}

TEST(as_root_a_folder_of_somebodys_is_served_as_he)
{
	auto_free char *mine = test_path("somebodys"), *roots = test_path("roots"), *socket = NULL;
	struct error err;
	struct machine_share shares[] = { { .tag = "a", .path = mine, .writable = true }, { .tag = "b", .path = mine } };
	struct qemu_machine m = plain("x86_64");

	mkdir(mine, 0755);
	mkdir(roots, 0755);
	m.is.share_type = SHARE_9P;
	m.is.shares = shares;
	m.is.nshares = 2;
	if (geteuid() == 0 && privilege_can_become(61000)) {
		assert_int_equal(chown(mine, 61000, 61001), 0);
		qemu_confine(&m);
		assert_int_equal(m.run_as, 61000);
		assert_int_equal(m.run_as_group, 61001);
	}
	shares[1].path = roots;
	qemu_confine(&m);
	assert_int_equal(m.run_as, 0);
	assert_int_equal(m.capabilities, 0);
	/* a stream is connected before the guest runs, and until 8.0 never again */
	m.is.share_type = SHARE_NONE;
	m.is.nshares = 0;
	m.is.net0.socket = "/s";
	m.version[0] = 7;
	qemu_confine(&m);
	assert_int_equal(!!m.run_as, geteuid() == 0 && privilege_can_become(qemu_user(m.is.dir)));
	m.version[0] = 8;
	qemu_confine(&m);
	assert_int_equal(m.run_as, 0);
	/* a switch of ours takes datagrams by a folder that is open; one that has made its end for root alone is an older one */
	socket = test_path("port.sock");
	m.is.net0 = (struct machine_net){ .socket = socket, .local = "/i/net0.sock" };
	qemu_confine(&m);
	assert_int_equal(!!m.run_as, geteuid() == 0 && privilege_can_become(qemu_user(m.is.dir)));
	ok(fs_write(socket, "", 0, 0700, &err));
	qemu_confine(&m);
	assert_int_equal(m.run_as, 0);
}

TEST(refuses_what_cannot_be)
{
	AUTO(arena) mem = { 0 };
	struct qemu_machine m = plain("z80");
	struct error err;
	const char **argv;
	size_t n;

	not_ok(qemu_argv(&m, &mem, &argv, &n, &err), "z80");
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	m = plain("s390x");
	m.tpm_socket = "/x";
	not_ok(qemu_argv(&m, &mem, &argv, &n, &err), "tpm");
	m = plain("x86_64");
	m.is.ssh_port = 0;
	not_ok(qemu_argv(&m, &mem, &argv, &n, &err), "ssh port 0");
	m = plain("x86_64");
	m.is.cpus = 0;
	not_ok(qemu_argv(&m, &mem, &argv, &n, &err), "0 cpus");
	m = plain("x86_64");
	m.is.dir = "relative";
	not_ok(qemu_argv(&m, &mem, &argv, &n, &err), "relative");
}

TEST(finds_the_program)
{
	AUTO(arena) mem = { 0 };
	struct error err;
	const char **words;
	size_t n;

	setenv("QEMU_SYSTEM_ARM", "  /bin/sh -x 'a b' \"c \\\"d\" e\\ f ''", 1);
	ok(qemu_find("armv7l", &mem, &words, &n, &err));
	assert_int_equal(n, 6);
	assert_string_equal(words[0], "/bin/sh");
	assert_string_equal(words[2], "a b");
	assert_string_equal(words[3], "c \"d");
	assert_string_equal(words[4], "e f");
	assert_string_equal(words[5], "");
	setenv("QEMU_SYSTEM_ARM", "x 'y", 1);
	not_ok(qemu_find("armv7l", &mem, &words, &n, &err), "$QEMU_SYSTEM_ARM: a quote is not closed");
	setenv("QEMU_SYSTEM_PPC64", "/no/such/qemu", 1);
	not_ok(qemu_find("ppc64le", &mem, &words, &n, &err), "/no/such/qemu: no such program (Debian package qemu-system-ppc)");
	assert_int_equal(err.code, ENOENT);
	not_ok(qemu_find("vax", &mem, &words, &n, &err), "arch vax");
}

TEST(asks_the_version)
{
	static const char good[] = "#!/bin/sh\necho 'QEMU emulator version 7.2.22 (Debian 1:7.2)'\n";
	static const char bad[] = "#!/bin/sh\necho hello\n";
	static const char old[] = "#!/bin/sh\n[ \"$1\" != -sandbox ] || exit 1\necho 'QEMU emulator version 7.2.22'\n";
	auto_free char *p = test_file("qemu-good", good, strlen(good)), *q = test_file("qemu-bad", bad, strlen(bad));
	auto_free char *o = test_file("qemu-old", old, strlen(old));
	bool sandbox;
	struct error err;
	int v[3];

	chmod(p, 0700);
	chmod(q, 0700);
	chmod(o, 0700);
	ok(qemu_version(p, v, &err));
	assert_int_equal(v[0] * 10000 + v[1] * 100 + v[2], 70222);
	ok(qemu_probe(p, v, &sandbox, &err));
	assert_true(sandbox);
	ok(qemu_probe(o, v, &sandbox, &err));
	assert_false(sandbox);
	assert_int_equal(v[0], 7);
	not_ok(qemu_version(q, v, &err), "no version");
}

TEST(firmware_beside_the_binary_comes_first)
{
	auto_free char *bin = test_path("prefix/bin/qemu"), *dir = test_path("prefix/share/qemu");
	auto_free char *code = test_path("prefix/share/qemu/edk2-x86_64-code.fd");
	AUTO(arena) mem = { 0 };
	struct error err;
	const char *vars = "x";

	setenv("HOME", "/nonexistent", 1);
	ok(fs_mkdirs(dir, 0700, &err));
	ok(fs_write(code, "", 0, 0600, &err));
	assert_string_equal(qemu_firmware("x86_64", bin, &mem, &vars), code);
	assert_null(vars);
	assert_null(qemu_firmware("s390x", bin, &mem, NULL));
}
