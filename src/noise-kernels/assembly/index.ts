export { arenaStart } from './arena'
export { bytesToFloats, bytesToSums, drawBell, moveFloats } from './integers'
export { drawSigns, intersectSigns, keepBytes, signsToBytes, signsToFloats, signsToSums } from './signs'
