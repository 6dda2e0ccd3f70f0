#include "cli/menu/menu.h"

#include "base/auto.h"

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

const struct menu_key menu_keys[] = {
	{ '\n', "Enter", "shell", WORDS("shell"), .returns = true },
	{ 's', "s", "start", WORDS("start", "--tty=false"), .returns = true },
	{ 't', "t", "stop", WORDS("stop"), .returns = true },
	{ 'r', "r", "restart", WORDS("restart"), .returns = true },
	{ 'z', "z", "suspend", WORDS("suspend"), .returns = true },
	{ 'p', "p", "plan", WORDS("plan") },
	{ 'e', "e", "edit", WORDS("edit") },
	{ 'l', "l", "logs", NULL, .returns = true },
	{ 'D', "D", "delete", WORDS("delete"), .question = "Delete %s, with its disk? (y/n)", .returns = true },
};
const size_t menu_nkeys = ARRAY_LEN(menu_keys);

const struct menu_key *
menu_key_of(int key)
{
	for (size_t i = 0; i < menu_nkeys; i++)
		if (menu_keys[i].key == key)
			return &menu_keys[i];
	return NULL;
}
