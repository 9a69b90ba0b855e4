package broker

// PublishSource is publish.lua.
var PublishSource = publishSource
