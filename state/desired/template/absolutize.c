/* What lies beside a template (images, kernels, archives), named so that it is found from wherever the text goes. */
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "state/desired/spec/paths.h"
#include "state/desired/template/template_tree.h"

static void
absolutize_pin(struct arena *a, struct node *holder, const char *folder)
{
	struct node *n = node_get(holder, "location");
	const char *path;

	if (!n || n->kind != NODE_SCALAR || !n->len || *n->text == '/' || *n->text == '~' || strstr(n->text, "://"))
		return;
	path = path_join(a, folder, n->text);
	if (fs_exists(path))
		node_set(a, holder, "location", node_text(a, path));
}

static void
pin_image(struct arena *a, struct node *image, const char *folder)
{
	absolutize_pin(a, image, folder);
	absolutize_pin(a, node_get(image, "kernel"), folder);
	absolutize_pin(a, node_get(image, "initrd"), folder);
}

void
tree_pin(struct arena *a, struct node *root, const char *path)
{
	auto_free char *folder = fs_realpath(path_dir(a, path));
	struct node *images = node_get(root, "images"), *archives = node_get(node_get(root, "containerd"), "archives");

	for (size_t i = 0; folder && i < node_count(images); i++)
		pin_image(a, images->item[i], folder);
	for (size_t i = 0; folder && i < node_count(archives); i++)
		absolutize_pin(a, archives->item[i], folder);
}
