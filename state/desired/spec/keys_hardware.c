/* Keys of firmware, sound and display. */
#include <string.h>

#include "state/desired/spec/load.h"

static struct val *
keys_hardware_default_arch(struct load *l, struct val *up)
{
	return val_text(l, up, "arch", val_s(l->root, "arch"));
}

/* Upstream does not check these either. */
static const struct key keys_firmware_images[] = {
	{ "location", KEY_TEXT, .flags = KEY_HOST, .def = "", AT(spec_file, location), .change = CHANGE_RESTART, .about = "URL, or path on the host." },
	{ "arch", KEY_TEXT, .flags = KEY_BLANK_UNSET, .make = keys_hardware_default_arch, .usual = "the instance's", AT(spec_file, arch), .change = CHANGE_RESTART,
	  .about = "Architecture that it is for." },
	{ "digest", KEY_TEXT, .flags = KEY_QUIET, AT(spec_file, digest), .change = CHANGE_RESTART, .about = "Expected checksum." },
	{ "vmType", KEY_TEXT, .flags = KEY_QUIET, AT(spec_file, vm_type), .go = "VMType", .change = CHANGE_RESTART, .about = "Driver that it is for." },
	{ NULL }
};

const struct key keys_firmware[] = {
	{ "legacyBIOS", KEY_BOOL, .def = "false", AT(spec, firmware.legacy_bios), .change = CHANGE_RESTART,
	  .about = "BIOS instead of UEFI; x86_64 and armv7l only." },
	{ "images", KEY_LIST, .sub = keys_firmware_images, .mix = MIX_JOIN, AT_LIST(spec, firmware.images, firmware.nimages, spec_file),
	  .change = CHANGE_RESTART, .about = "UEFI images to be tried before those of the host." },
	{ NULL }
};

const struct key keys_audio[] = {
	{ "device", KEY_TEXT, .words = "none default alsa coreaudio dbus dsound jack oss pa pipewire sdl sndio spice vz", .flags = KEY_BLANK_UNSET, .def = "", AT(spec, audio_device), .change = CHANGE_RESTART, .about = "QEMU audiodev; empty for none." },
	{ "interface", KEY_TEXT, .def = "", .check = check_audio_interface, AT(spec, audio_interface), .change = CHANGE_RESTART,
	  .about = "Sound card: hda or virtio." },
	{ NULL }
};

void
check_audio_interface(struct load *l, const struct val *v)
{
	if (*v->s && !word_in(v->s, "hda virtio"))
		diag_error(l, v, NULL, "must be `hda`, `virtio` or empty, got `%s`", v->s);
}

static const struct key keys_vnc[] = {
	{ "display", KEY_TEXT, .flags = KEY_HOST | KEY_HOST_ADDRESS, .check = check_vnc_display, AT(spec, vnc_display), .change = CHANGE_RESTART, .about = "Address of the VNC display." },
	{ NULL }
};

const struct key keys_video[] = {
	{ "display", KEY_TEXT, .flags = KEY_BLANK_UNSET, .def = "none", .check = check_display, AT(spec, video_display), .change = CHANGE_RESTART,
	  .about = "QEMU display, such as default, cocoa, vnc; none for no display." },
	{ "vnc", KEY_GROUP, .sub = keys_vnc, .go = "VNC", .about = "VNC." },
	{ NULL }
};

const struct key keys_rosetta[] = {
	{ "enabled", KEY_BOOL, .change = CHANGE_NOTE, .about = "Run x86_64 programs with Rosetta." },
	{ "binfmt", KEY_BOOL, .go = "BinFmt", .change = CHANGE_NOTE, .about = "Register Rosetta with binfmt_misc." },
	{ NULL }
};
