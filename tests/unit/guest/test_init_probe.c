#include "guest/init/probe.h"
#include "tests/unit/test.h"

TEST(a_super_block_is_known_by_its_magic)
{
	uint8_t sb[PROBE_EXT4_LEN] = { 0 };
	struct probe_ext4 e;

	assert_false(probe_ext4(sb, &e));
	sb[56] = 0x53, sb[57] = 0xef;		/* magic */
	sb[24] = 2;				/* 4 KiB */
	sb[4] = 0x10;				/* blocks */
	sb[336] = 1;				/* their upper half, unless the file system is 64 bit: not counted */
	memcpy(sb + 120, "sixteen-letters!", 16);
	assert_true(probe_ext4(sb, &e));
	assert_int_equal(e.block_size, 4096);
	assert_int_equal(e.blocks, 16);
	assert_string_equal(e.label, "sixteen-letters!");
	assert_false(e.errors);
	sb[96] = 0x80, sb[58] = 3;
	assert_true(probe_ext4(sb, &e));
	assert_true(e.blocks == (1ULL << 32 | 16));
	assert_true(e.errors);
	sb[24] = 200;				/* a block size that would overflow a shift */
	assert_false(probe_ext4(sb, &e));
}

TEST(a_volume_descriptor_gives_its_label)
{
	uint8_t pvd[PROBE_ISO_LEN] = { 0 };
	char label[33];

	assert_false(probe_iso(pvd, label));
	memcpy(pvd, "\1CD001\1", 7);
	memset(pvd + 40, ' ', 32);
	memcpy(pvd + 40, "cidata", 6);
	assert_true(probe_iso(pvd, label));
	assert_string_equal(label, "cidata");
	memset(pvd + 40, 'x', 32);
	assert_true(probe_iso(pvd, label));
	assert_int_equal(strlen(label), 32);
	memset(pvd + 40, ' ', 32);
	assert_true(probe_iso(pvd, label));
	assert_string_equal(label, "");
	pvd[0] = 2;				/* not the primary descriptor */
	assert_false(probe_iso(pvd, label));
}
