/** 256 short plain words, one per byte value; the order is part of the fingerprint and never changes. */
export const thumbprintWordList: readonly string[] =
  `acorn alder amber anchor apple apron arrow aspen atlas autumn axle badge bagel bakery bamboo banjo
barley barn basil basket beacon beaver bell berry birch bison blanket blossom bonfire bottle branch
bread breeze brick bridge brook bucket buffalo button cabin cactus camel canal candle canoe canyon
carbon cargo carpet carrot castle cedar cellar chalk cherry chestnut chimney cider circle clay cliff
clover coal cobalt comet compass copper coral corn cotton cradle crane creek cricket crown crystal
cypress daisy dawn delta desert diamond dolphin donkey drum eagle easel ember engine fable falcon
feather fence ferry fiddle field finch fir flame flannel flint flute forest fossil fountain fox
galaxy garden garlic gate geyser ginger glacier glove goat granite grape gravel guitar hammer harbor
harvest hawk hazel hearth helmet heron hill honey horizon hornet igloo indigo iris iron island ivory
ivy jacket jasmine jasper jelly jigsaw juniper kayak kernel kettle kite kitten ladder lagoon lake
lantern lark lava lemon lilac linen lion lizard llama lobster locust lotus lumber magnet mango maple
marble meadow melon mesa meteor mill mint mirror mitten molasses moon moose moss mountain mustard
napkin nectar needle nest nickel north nutmeg oak oasis oats ocean olive onion orange orchard otter
oven oyster paddle palm panda paper parade parsley pasture pebble pecan pepper piano pine pioneer
planet plum polar pony poplar potato prairie pumpkin quail quartz quilt rabbit radish raft rain
raven reed ribbon ridge river robin rocket saddle saffron salmon sand satin scarf school sequoia
shovel silver spruce squash statue summit sunset teapot thunder tulip tunnel turtle`.split(/\s+/);
