export { arenaStart } from '../../shared-kernels/assembly/arena'
export { bytesToFloats, bytesToSums, drawBell, moveFloats } from './integers'
export { drawSigns, signsToBytes, signsToFloats, signsToSums } from './signs'
