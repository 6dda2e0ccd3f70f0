#include "providers/drivers/qemu/arch.h"

#include <string.h>

#include "base/auto.h"

static const struct qemu_firmware_file firmware_x86_64[] = {
	{ "/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd" },
	{ "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd" },
	{ "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd" },
	{ "/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd" },
	{ "/usr/share/qemu/ovmf-x86_64.bin", NULL },
	{ "/usr/share/qemu/ovmf-x86_64-4m.bin", NULL },
	{ NULL, NULL },
};

static const struct qemu_firmware_file firmware_aarch64[] = {
	{ "/usr/share/edk2/aarch64/QEMU_CODE.fd", NULL },
	{ "/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd" },
	{ "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd", NULL },
	{ NULL, NULL },
};

static const struct qemu_firmware_file firmware_arm[] = {
	{ "/usr/share/edk2/arm/QEMU_CODE.fd", NULL },
	{ "/usr/share/AAVMF/AAVMF32_CODE.fd", "/usr/share/AAVMF/AAVMF32_VARS.fd" },
	{ NULL, NULL },
};

static const struct qemu_firmware_file firmware_riscv64[] = {
	{ "/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd", "/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd" },
	{ "/usr/share/edk2/riscv/RISCV_VIRT_CODE.fd", "/usr/share/edk2/riscv/RISCV_VIRT_VARS.fd" },
	{ NULL, NULL },
};

static const struct qemu_arch archs[] = {
	{
		.name = "x86_64", .suffix = "x86_64",
		.machine = "q35", .versioned = "pc-q35", .ram = "pc.ram", .cpu_tcg = "max", .block = "virtio-blk-pci", .net = "virtio-net-pci",
		.vga = "virtio-vga", .tpm = "tpm-crb", .virtio_serial_ports = 1,
		.legacy_bios = true, .bare_kernel = true, .edk2 = "x86_64", .edk2_package = "ovmf", .firmware = firmware_x86_64,
	}, {
		.name = "aarch64", .suffix = "aarch64",
		.machine = "virt", .versioned = "virt", .ram = "mach-virt.ram", .cpu_tcg = "max,pauth-impdef=on", .block = "virtio-blk-pci", .net = "virtio-net-pci",
		.vga = "virtio-gpu", .tpm = "tpm-tis-device", .virtio_serial_ports = 1,
		.pci_serial = true, .edk2 = "aarch64", .edk2_package = "qemu-efi-aarch64", .firmware = firmware_aarch64,
	}, {
		.name = "armv7l", .suffix = "arm",
		.machine = "virt", .versioned = "virt", .ram = "mach-virt.ram", .cpu_tcg = "max", .block = "virtio-blk-pci", .net = "virtio-net-pci",
		.vga = "virtio-gpu", .tpm = "tpm-tis-device", .virtio_serial_ports = 1,
		.pci_serial = true, .legacy_bios = true, .bare_kernel = true, .edk2 = "arm", .edk2_package = "qemu-efi-arm", .firmware = firmware_arm,
	}, {
		.name = "riscv64", .suffix = "riscv64",
		/* QEMU has its other firmware, OpenSBI, in itself; `max` and `acpi` came with its version 8. */
		.machine = "virt", .ram = "riscv_virt_board.ram", .cpu_tcg = "rv64", .block = "virtio-blk-pci", .net = "virtio-net-pci",
		.vga = "virtio-vga", .tpm = "tpm-tis-device", .virtio_serial_ports = 1,
		.bare_kernel = true, .edk2 = "riscv", .edk2_package = "qemu-efi-riscv64 (Debian 13)", .firmware = firmware_riscv64,
	}, {
		.name = "ppc64le", .suffix = "ppc64",
		.machine = "pseries", .versioned = "pseries", .ram = "ppc_spapr.ram", .cpu_tcg = "max", .block = "virtio-blk-pci", .net = "virtio-net-pci",
		.vga = "virtio-gpu", .virtio_serial_ports = 1,
	}, {
		.name = "s390x", .suffix = "s390x",
		.machine = "s390-ccw-virtio", .versioned = "s390-ccw-virtio", .ram = "s390.ram", .cpu_tcg = "max", .block = "virtio-blk-ccw", .net = "virtio-net-ccw",
		.vga = "virtio-gpu", .virtio_serial_ports = 2, .no_usb = true,
	},
};

const struct qemu_arch *
qemu_arch_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(archs); i++)
		if (strcmp(archs[i].name, name) == 0)
			return &archs[i];
	return NULL;
}
