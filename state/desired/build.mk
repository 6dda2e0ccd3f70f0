# libjq takes longer to load than most commands take altogether
LAZY += state/desired/yq/yq.c state/desired/yq/yq_child.c state/desired/yq/yq_words.c
