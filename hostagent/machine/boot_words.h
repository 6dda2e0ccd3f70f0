/*
 * hostagent/machine/boot_words.h - how far a boot is, by what the guest's console says: "kernel", "systemd", "cloud-init 3/4: configuration".
 *
 * A guest can say what it likes: what it says chooses one of our words, and is none of them.
 */
#pragma once
#include <stdint.h>

enum { BOOT_WORDS = 16 };

struct boot_words {
	struct boot_word {
		const char *word;	/* static */
		uint64_t at;		/* of the caller's clock */
	} v[BOOT_WORDS];
	unsigned n;
};

/* The word for where a boot is that says that line; NULL: it is of no moment. Pure. */
const char *boot_word(const char *line);
/* Another line: a word that was not there yet is noted. Two consoles may say the same. */
void boot_words_hear(struct boot_words *b, const char *line, uint64_t now);
