/* resources/autostart.h - whether an instance is registered to start at login, for who has to tell. */
#pragma once
#include <stdbool.h>
#include "reconciler/env.h"

/* The name of the file in an instance's folder that says under which name it is registered. */
#define AUTOSTART_FILE "autostart"

/* Is there a unit that starts that instance, of this home? Looks, never touches. */
bool autostart_is_on(const struct env *env, const char *instance);
