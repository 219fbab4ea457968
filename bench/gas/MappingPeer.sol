// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The time of each stamp in a mapping, for comparison: the least that a chain can keep of a single thing
contract MappingPeer {
    mapping(bytes32 leaf => uint64 time) private _times;

    function put(bytes32[] calldata leaves) external {
        for (uint256 i = 0; i < leaves.length; i++) _times[leaves[i]] = uint64(block.timestamp);
    }
}
