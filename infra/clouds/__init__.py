"""One module or package per cloud, behind one contract (`base`) and one dispatch point (`registry`)."""
