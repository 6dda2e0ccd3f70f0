/*
 * cli/view/junit.h - a run as JUnit XML, which servers of pipelines show: a suite for each instance, a case for each step
 * ("web.step") and each condition that its guest is waited for with ("web.probe", "web.condition").
 */
#pragma once

struct buf;
struct error;
struct report;

/* `err`: what the command ended with, or NULL. A failure that no case has is a case of its own. */
void junit_text(struct buf *out, const struct report *r, const struct error *err);
