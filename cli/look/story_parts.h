/* cli/look/story_parts.h - the steps of a run by instance (cli/look/story.h). */
#pragma once

struct story;

/* Fills part and nparts of a story whose steps and path are known. */
void story_parts(struct story *s);
