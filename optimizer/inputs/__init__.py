"""Everything that makes an estate: its folder, importers of inventories, synthetic estates."""
