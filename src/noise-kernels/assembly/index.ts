export { arenaStart } from './arena'
export { bytesToFloats, bytesToSums, drawBell, moveFloats } from './integers'
export { drawSigns, signsToBytes, signsToFloats, signsToSums } from './signs'
