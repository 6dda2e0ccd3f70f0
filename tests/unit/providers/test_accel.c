#include "providers/drivers/qemu/accel.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "providers/drivers/qemu/accel_probe.h"
#include "providers/drivers/qemu/qemu.h"
#include "base/host_arch.h"
#include "tests/unit/test.h"

TEST(reads_processor_flags)
{
	static const char intel[] = "processor : 0\nflags\t\t: fpu vmx ssse3\n", amd[] = "flags : svm", last[] = "flags : x svm\nbugs :";
	static const char none[] = "model name : has vmx\nflags\t\t: fpu vmxx xvmx svm_lock\nbugs : svm vmx\n";

	assert_true(accel_cpu_can(intel, "x86_64"));
	assert_true(accel_cpu_can(amd, "x86_64"));
	assert_true(accel_cpu_can(last, "x86_64"));
	assert_false(accel_cpu_can(none, "x86_64"));
	assert_false(accel_cpu_can("", "x86_64"));
	assert_true(accel_cpu_can(none, "aarch64"));
}

TEST(a_device_must_be_kvm)
{
	auto_free char *fifo = test_path("fifo");
	struct accel_choice c = { 0 };

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_false(accel_device_can(fifo, &c));
	assert_non_null(strstr(c.reason, "is not KVM"));
	assert_false(accel_device_can("/no/such/device", &c));
	assert_string_equal(c.reason, "/no/such/device: No such file or directory");
}

static void
hang(const char *arg)
{
	(void)arg;
	for (;;)
		pause();
}

static void
three(const char *arg)
{
	_exit(arg[0] - '0');
}

TEST(a_device_that_hangs_is_given_up)
{
	struct timespec a, b;

	assert_int_equal(accel_within(three, "3", 5000), 3);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(accel_within(hang, "", 100), -1);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(b.tv_sec - a.tv_sec < 5);
}

TEST(the_user_decides)
{
	struct accel_choice c;
	struct error err;

	setenv("LIMA_QEMU_ACCEL", "tcg", 1);
	ok(accel_choose(host_arch(), "/no/qemu", &c, &err));
	assert_string_equal(accel_name(c.accel), "tcg");
	assert_false(c.worth_a_warning);
	setenv("LIMA_QEMU_ACCEL", "kvm", 1);
	ok(accel_choose("s390x", "/no/qemu", &c, &err));
	assert_string_equal(accel_name(c.accel), "kvm");
	assert_string_equal(c.reason, "");
	setenv("LIMA_QEMU_ACCEL", "xen", 1);
	not_ok(accel_choose("x86_64", "/no/qemu", &c, &err), "LIMA_QEMU_ACCEL=xen");
	unsetenv("LIMA_QEMU_ACCEL");
}

TEST(a_foreign_guest_is_emulated_without_a_warning)
{
	struct accel_choice c;
	struct error err;

	ok(accel_choose(strcmp(host_arch(), "s390x") == 0 ? "x86_64" : "s390x", "/no/qemu", &c, &err));
	assert_int_equal(c.accel, ACCEL_TCG);
	assert_false(c.worth_a_warning);
	assert_non_null(strstr(c.reason, "the guest is "));
}

/* whatever this host can: a QEMU that cannot start is no reason to say kvm */
TEST(hardware_needs_qemu_too)
{
	struct accel_choice c;
	struct error err;

	ok(accel_choose(host_arch(), "/no/such/qemu", &c, &err));
	assert_int_equal(c.accel, ACCEL_TCG);
	assert_true(c.worth_a_warning);
	assert_true(strlen(c.reason) > 10);
}
