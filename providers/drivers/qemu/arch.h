/* providers/drivers/qemu/arch.h - what QEMU calls things, per architecture: data for argv.c and host.c. */
#pragma once
#include <stdbool.h>

struct qemu_firmware_file {
	const char *code;
	const char *vars;	/* template of the variable store that belongs to it; NULL: none */
};

struct qemu_arch {
	const char *name;	/* as in lima.yaml */
	const char *suffix;	/* of qemu-system-* */
	const char *machine;	/* without the accelerator */
	const char *versioned;	/* its name in front of -MAJOR.MINOR; NULL: QEMU has no versions of it */
	const char *ram;	/* what QEMU calls its memory by itself: in snapshots of older instances it has that name */
	const char *cpu_tcg;
	const char *block, *net;	/* device models */
	const char *vga, *tpm;		/* NULL: none */
	int virtio_serial_ports;
	bool pci_serial;	/* the guest's ttyS0 is on PCI, and ttyAMA0 the first serial line */
	bool no_usb;		/* has no bus that a USB controller of QEMU's can be on */
	bool legacy_bios;	/* boots a disk without UEFI if asked to */
	bool bare_kernel;	/* a kernel that QEMU loads itself needs no UEFI */
	const char *edk2;	/* its name in "edk2-*-code.fd"; NULL: firmware is built into QEMU */
	const char *edk2_package;	/* Debian's */
	const struct qemu_firmware_file *firmware;	/* of the distributions; ends at a NULL code */
};

const struct qemu_arch *qemu_arch_find(const char *name);	/* NULL: unknown */
